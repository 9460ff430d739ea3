-- One row per SKU an assignment feed ever named. '' stands for "no SKU named".
with skus_named as (
    select source, stream, okta_app_id, source_sku_key, cast(null as boolean) as is_sku_named
    from staging.seat_runs
    union all
    select source, stream, '' as okta_app_id, source_sku_key, is_sku_named
    from staging.vendor_seats
    union all
    select
        source, stream, coalesce(okta_app_id, '') as okta_app_id, coalesce(source_sku_id, '') as source_sku_key,
        cast(null as boolean) as is_sku_named
    from staging.okta_seats
),

final as (
    select
        source, stream, okta_app_id, source_sku_key,
        source_sku_key <> '' and coalesce(bool_or(is_sku_named), true) as is_sku_named
    from skus_named
    group by source, stream, okta_app_id, source_sku_key
)

select source, stream, okta_app_id, source_sku_key, is_sku_named
from final
