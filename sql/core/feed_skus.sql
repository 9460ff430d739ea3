-- One row per SKU an assignment feed ever named. '' stands for "no SKU named".
with skus_named as (
    select source, stream, cast(null as varchar) as okta_app_id, source_sku_id, cast(null as boolean) as is_sku_named
    from staging.vendor_seat_sightings
    union all
    select source, stream, cast(null as varchar) as okta_app_id, source_sku_id, is_sku_named
    from staging.vendor_seats
    union all
    select source, stream, okta_app_id, source_sku_id, cast(null as boolean) as is_sku_named
    from staging.okta_seat_sightings
    union all
    select source, stream, okta_app_id, source_sku_id, cast(null as boolean) as is_sku_named
    from staging.okta_seats
),

final as (
    select
        source, stream, coalesce(okta_app_id, '') as okta_app_id, coalesce(source_sku_id, '') as source_sku_key,
        max(source_sku_id) is not null and coalesce(bool_or(is_sku_named), true) as is_sku_named
    from skus_named
    group by source, stream, coalesce(okta_app_id, ''), coalesce(source_sku_id, '')
)

select source, stream, okta_app_id, source_sku_key, is_sku_named
from final
