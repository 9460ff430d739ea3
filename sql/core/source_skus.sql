-- One row per SKU an assignment feed ever named and the application whose seat it is. '' stands for "no SKU named".
-- A SKU no tier lists belongs to an application only if that application alone uses the feed; else to none.
with possible_apps as (
    select sku.source, sku.stream, sku.okta_app_id, sku.source_sku_key, sku.is_sku_named, app.app_id
    from core.feed_skus as sku
    inner join core.apps as app
        on sku.source = app.assignment_source and sku.stream = app.assignment_stream
    where sku.okta_app_id = '' and not app.is_okta_assigned
    union all
    select sku.source, sku.stream, sku.okta_app_id, sku.source_sku_key, sku.is_sku_named, app.app_id
    from core.feed_skus as sku
    inner join seeds.app_okta_ids as instance on sku.okta_app_id = instance.okta_app_id
    inner join core.apps as app on instance.app_id = app.app_id
    where app.is_okta_assigned
),

names_of_each_sku as (
    select source, stream, okta_app_id, source_sku_key, app_id, source_sku_key as name, 0 as name_rank
    from possible_apps
    where source_sku_key <> ''
    union all
    select
        sku.source, sku.stream, sku.okta_app_id, sku.source_sku_key, sku.app_id, named.other_name as name,
        named.name_rank
    from possible_apps as sku
    inner join staging.vendor_sku_names as named
        on sku.source = named.source and sku.source_sku_key = named.source_sku_id
),

listed as (
    select
        sku.source, sku.stream, sku.okta_app_id, sku.source_sku_key, sku.app_id,
        first_value(alias.sku_id order by sku.name_rank, alias.sku_id) as sku_id
    from names_of_each_sku as sku
    inner join core.sku_aliases as alias on sku.app_id = alias.app_id and sku.name = alias.source_sku_id
    group by sku.source, sku.stream, sku.okta_app_id, sku.source_sku_key, sku.app_id
),

default_skus as (
    select app_id, min(sku_id) as sku_id
    from core.skus
    where is_default
    group by app_id
),

skus_of_one_app_only as (
    select
        source, stream, okta_app_id, source_sku_key, min(app_id) as app_id, bool_or(is_sku_named) as is_sku_named
    from possible_apps
    group by source, stream, okta_app_id, source_sku_key
    having count(distinct app_id) = 1
),

unlisted as (
    select
        sku.source, sku.stream, sku.okta_app_id, sku.source_sku_key, sku.app_id,
        case
            when sku.is_sku_named then sku.source_sku_key
            else coalesce(fallback.sku_id, nullif(sku.source_sku_key, ''), 'unspecified')
        end as sku_id,
        not sku.is_sku_named and fallback.sku_id is not null as is_sku_known
    from skus_of_one_app_only as sku
    left anti join listed
        on
            sku.source = listed.source and sku.stream = listed.stream and sku.okta_app_id = listed.okta_app_id
            and sku.source_sku_key = listed.source_sku_key
    left join default_skus as fallback on sku.app_id = fallback.app_id
),

final as (
    select source, stream, okta_app_id, source_sku_key, app_id, sku_id, true as is_sku_known
    from listed
    union all
    select source, stream, okta_app_id, source_sku_key, app_id, sku_id, is_sku_known
    from unlisted
)

select source, stream, okta_app_id, source_sku_key, app_id, sku_id, is_sku_known
from final
