-- One row per SKU that has a lower tier in its app: the step a downgrade takes, to a paid or a free tier.
with lower_tiers as (
    select
        s.app_id,
        s.sku_id,
        l.sku_id as lower_sku_id,
        l.tier as lower_tier,
        l.tier_rank as lower_rank,
        l.is_paid as is_lower_paid
    from core.skus as s
    inner join core.skus as l on l.app_id = s.app_id
    where l.tier_rank < s.tier_rank
),

final as (
    select
        app_id,
        sku_id,
        first_value(lower_sku_id order by lower_rank desc, lower_sku_id) as lower_sku_id,
        first_value(lower_tier order by lower_rank desc, lower_sku_id) as lower_tier,
        first_value(is_lower_paid order by lower_rank desc, lower_sku_id) as is_lower_paid
    from lower_tiers
    group by app_id, sku_id
)

select
    app_id,
    sku_id,
    lower_sku_id,
    lower_tier,
    is_lower_paid
from final
