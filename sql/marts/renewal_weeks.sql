-- A row is an app and a week: accounts with a paid seat that signed in, beside what is bought of the app now.
with bought as (
    select app_id, sum(purchased_quantity) as purchased_quantity, sum(assigned_count) as assigned_count
    from marts.renewal_pools
    group by app_id
),

final as (
    select used.app_id, used.week_to, used.active_count, bought.purchased_quantity, bought.assigned_count
    from core.use_weeks as used
    inner join bought on used.app_id = bought.app_id
)

select
    app_id, week_to, active_count, purchased_quantity, assigned_count
from final
