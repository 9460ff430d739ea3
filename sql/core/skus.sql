-- One row per tier of an application, under its canonical SKU id (the first the tier seed lists).
with final as (
    select
        app_id, coalesce(sku_id, tier) as sku_id, tier, tier_rank, coalesce(is_paid, true) as is_paid,
        coalesce(is_default, false) as is_default
    from seeds.tiers
)

select app_id, sku_id, tier, tier_rank, is_paid, is_default
from final
