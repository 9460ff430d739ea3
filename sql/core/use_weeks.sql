-- A row is an app and a week that ends on a day the log is complete through: how many of the accounts that hold a seat
-- signed in. Only apps that sign in through Okta have rows.
with weeks as (
    select tens.n * 6 + ones.n as week
    from (values (0), (1), (2), (3), (4)) as tens (n)
    cross join (values (0), (1), (2), (3), (4), (5)) as ones (n)
),

through as (
    select app_id, sign_in_complete_through as complete_through
    from core.app_signals
    where sign_in_collected and sign_in_complete_through is not null
),

holders as (
    select distinct app_id, okta_account_id
    from core.seats
    where okta_account_id is not null and is_paid
),

sign_ins as (
    select
        holder.app_id, holder.okta_account_id, bit_or(used.w0) as w0, bit_or(used.w1) as w1, bit_or(used.w2) as w2,
        bit_or(used.w3) as w3, bit_or(used.w4) as w4, bit_or(used.w5) as w5, bit_or(used.w6) as w6
    from holders as holder
    inner join seeds.app_okta_ids as instance on holder.app_id = instance.app_id
    inner join usage.sign_ins as used
        on instance.okta_app_id = used.app_instance_id and holder.okta_account_id = used.account_id
    group by holder.app_id, holder.okta_account_id
),

final as (
    select
        log.app_id,
        log.complete_through - 7 * week.week as week_to,
        coalesce(
            sum(
                case
                    when
                        active_days(
                            used.w0, used.w1, used.w2, used.w3, used.w4, used.w5, used.w6,
                            log.complete_through - 7 * week.week - 7, log.complete_through - 7 * week.week
                        ) > 0
                        then 1
                    else 0
                end
            ), 0
        ) as active_count
    from through as log
    cross join weeks as week
    inner join sign_ins as used on log.app_id = used.app_id
    where week.week < 26
    group by log.app_id, log.complete_through, week.week
)

select
    app_id, week_to, active_count
from final
