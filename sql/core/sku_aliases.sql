-- One row per id under which a vendor or the ITAM feed may name a SKU of an application.
with final as (
    select distinct app_id, source_sku_id, coalesce(sku_id, tier) as sku_id
    from seeds.tier_skus
    where source_sku_id is not null
)

select app_id, source_sku_id, sku_id
from final
