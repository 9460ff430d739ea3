-- One row per tier that has a lower one in its app: the step a downgrade takes, to a paid or a free tier.
with lower_tiers as (
    select
        s.app_id,
        s.tier,
        l.sku_id as lower_sku_id,
        l.tier as lower_tier,
        l.tier_rank as lower_rank,
        l.is_paid as is_lower_paid
    from core.skus as s
    inner join core.skus as l on l.app_id = s.app_id
    where l.tier_rank < s.tier_rank
        and s.tier is not null
),

final as (
    select
        app_id,
        tier,
        first_value(lower_tier order by lower_rank desc, lower_sku_id) as lower_tier,
        first_value(lower_sku_id order by lower_rank desc, lower_sku_id) as lower_sku_id,
        first_value(is_lower_paid order by lower_rank desc, lower_sku_id) as is_lower_paid
    from lower_tiers
    group by app_id, tier
)

select
    app_id,
    tier,
    lower_tier,
    lower_sku_id,
    is_lower_paid
from final
