-- One row per SKU of an assignment feed whose seats belong to no application, or to one that does not list the SKU.
with lists_that_assign_seats as (
    select distinct assignment_source as source, assignment_stream as stream
    from core.apps
    where not is_okta_assigned
),

vendor_holders as (
    select
        seat.source, seat.stream, '' as okta_app_id, seat.source_sku_key,
        count(distinct seat.account_id) as account_count
    from staging.vendor_seats as seat
    inner join lists_that_assign_seats as list on seat.source = list.source and seat.stream = list.stream
    where seat.ends_on is null or seat.ends_on > $as_of
    group by seat.source, seat.stream, seat.source_sku_key
),

okta_holders as (
    select
        seat.source, seat.stream, seat.okta_app_id, coalesce(seat.source_sku_id, '') as source_sku_key,
        count(distinct seat.account_id) as account_count
    from staging.okta_seats as seat
    inner join seeds.app_okta_ids as instance on seat.okta_app_id = instance.okta_app_id
    inner join core.apps as app on instance.app_id = app.app_id and app.is_okta_assigned
    group by seat.source, seat.stream, seat.okta_app_id, coalesce(seat.source_sku_id, '')
),

holders as (
    select source, stream, okta_app_id, source_sku_key, account_count from vendor_holders
    union all
    select source, stream, okta_app_id, source_sku_key, account_count from okta_holders
),

final as (
    select
        holder.source, holder.stream, holder.okta_app_id, holder.source_sku_key, sku.app_id, holder.account_count,
        case when sku.app_id is null then 'no_app' else 'unmapped_sku' end as gap_reason
    from holders as holder
    left join core.source_skus as sku
        on
            holder.source = sku.source and holder.stream = sku.stream and holder.okta_app_id = sku.okta_app_id
            and holder.source_sku_key = sku.source_sku_key
    where sku.app_id is null or not sku.is_sku_known
)

select source, stream, okta_app_id, source_sku_key, app_id, account_count, gap_reason
from final
