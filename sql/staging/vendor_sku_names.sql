-- One row per further name by which a vendor's SKU may be listed in the tier seed: part numbers and licence names.
with names as (
    select source, sku_id as source_sku_id, sku_part_number as other_name, 1 as name_rank
    from raw.microsoft365_subscribed_skus
    union all
    select source, user_license_id as source_sku_id, name as other_name, 1 as name_rank
    from raw.salesforce_user_licenses
    union all
    select source, user_license_id as source_sku_id, license_definition_key as other_name, 2 as name_rank
    from raw.salesforce_user_licenses
),

final as (
    select source, source_sku_id, other_name, min(name_rank) as name_rank
    from names
    where source_sku_id is not null and other_name is not null
    group by source, source_sku_id, other_name
)

select source, source_sku_id, other_name, name_rank
from final
