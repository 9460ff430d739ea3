-- One row per SKU an assignment feed ever named and the application whose seat it is. '' stands for "no SKU named".
-- A SKU no tier lists belongs to an application only if that application alone uses the feed; else to none.
with skus_of_vendor_lists as (
    select source, stream, '' as okta_app_id, source_sku_key
    from staging.vendor_seat_sightings
    union
    select source, stream, '' as okta_app_id, source_sku_key
    from staging.vendor_seats
),

apps_of_vendor_lists as (
    select sku.source, sku.stream, sku.okta_app_id, sku.source_sku_key, app.app_id
    from skus_of_vendor_lists as sku
    inner join core.apps as app
        on sku.source = app.assignment_source and sku.stream = app.assignment_stream
    where not app.is_okta_assigned
),

skus_of_okta_apps as (
    select source, stream, okta_app_id, coalesce(source_sku_id, '') as source_sku_key
    from staging.okta_seat_sightings
    union
    select source, stream, okta_app_id, coalesce(source_sku_id, '') as source_sku_key
    from staging.okta_seats
),

apps_of_okta_apps as (
    select sku.source, sku.stream, sku.okta_app_id, sku.source_sku_key, app.app_id
    from skus_of_okta_apps as sku
    inner join seeds.app_okta_ids as instance on sku.okta_app_id = instance.okta_app_id
    inner join core.apps as app on instance.app_id = app.app_id
    where app.is_okta_assigned
),

possible_apps as (
    select source, stream, okta_app_id, source_sku_key, app_id from apps_of_vendor_lists
    union all
    select source, stream, okta_app_id, source_sku_key, app_id from apps_of_okta_apps
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

candidate_counts as (
    select source, stream, okta_app_id, source_sku_key, count(distinct app_id) as app_count
    from possible_apps
    group by source, stream, okta_app_id, source_sku_key
),

listed_anywhere as (
    select distinct source, stream, okta_app_id, source_sku_key
    from listed
),

default_skus as (
    select app_id, min(sku_id) as sku_id
    from core.skus
    where is_default
    group by app_id
),

-- 'member' is our word for a Slack account without a named SKU
unlisted_of_the_only_app as (
    select
        sku.source, sku.stream, sku.okta_app_id, sku.source_sku_key, sku.app_id,
        case
            when sku.source_sku_key = '' then coalesce(fallback.sku_id, 'unspecified')
            when unnamed.source_sku_key is not null then coalesce(fallback.sku_id, sku.source_sku_key)
            else sku.source_sku_key
        end as sku_id,
        (sku.source_sku_key = '' or unnamed.source_sku_key is not null) and fallback.sku_id is not null as is_sku_known
    from possible_apps as sku
    inner join candidate_counts as counted
        on
            sku.source = counted.source and sku.stream = counted.stream and sku.okta_app_id = counted.okta_app_id
            and sku.source_sku_key = counted.source_sku_key and counted.app_count = 1
    left join listed_anywhere as known
        on
            sku.source = known.source and sku.stream = known.stream and sku.okta_app_id = known.okta_app_id
            and sku.source_sku_key = known.source_sku_key
    left join (
        select distinct source, stream, source_sku_key
        from staging.vendor_seats
        where not is_sku_named and source_sku_key <> ''
    ) as unnamed
        on
            sku.source = unnamed.source and sku.stream = unnamed.stream
            and sku.source_sku_key = unnamed.source_sku_key
    left join default_skus as fallback on sku.app_id = fallback.app_id
    where known.source is null
),

final as (
    select source, stream, okta_app_id, source_sku_key, app_id, sku_id, true as is_sku_known
    from listed
    union all
    select distinct source, stream, okta_app_id, source_sku_key, app_id, sku_id, is_sku_known
    from unlisted_of_the_only_app
)

select source, stream, okta_app_id, source_sku_key, app_id, sku_id, is_sku_known
from final
