-- One row per SKU reference in a drop and the SKU of the application it names: one the tier seed lists, or one that a
-- seat holds though no tier lists it.
with references_in_drops as (
    select app_id, sku_ref from drops.holds where sku_ref is not null
    union
    select app_id, sku_ref from drops.exceptions where sku_ref is not null
    union
    select app_id, sku_ref from drops.self_confirmations where sku_ref is not null
    union
    select app_id, sku_ref from drops.executed where sku_ref is not null
    union
    select app_id, target_sku_ref as sku_ref from drops.executed where target_sku_ref is not null
),

skus_by_any_name as (
    select app_id, source_sku_id as sku_ref, sku_id, 1 as name_rank from core.sku_aliases
    union all
    select app_id, sku_id as sku_ref, sku_id, 2 as name_rank from core.skus
    union all
    select app_id, source_sku_key as sku_ref, sku_id, 3 as name_rank from core.source_skus
),

final as (
    select named.app_id, named.sku_ref, first_value(sku.sku_id order by sku.name_rank, sku.sku_id) as sku_id
    from references_in_drops as named
    inner join skus_by_any_name as sku on named.app_id = sku.app_id and named.sku_ref = sku.sku_ref
    group by named.app_id, named.sku_ref
)

select app_id, sku_ref, sku_id
from final
