-- One row per seat that one Okta group alone grants: whoever leaves the group loses the seat.
with grants as (
    select sku.app_id, given.account_id, sku.sku_id, given.group_id
    from staging.okta_seats as given
    inner join core.source_skus as sku
        on
            given.source = sku.source and given.stream = sku.stream and given.okta_app_id = sku.okta_app_id
            and coalesce(given.source_sku_id, '') = sku.source_sku_key
),

final as (
    select app_id, account_id, sku_id, min(group_id) as group_id, account_id as okta_user_id
    from grants
    group by app_id, account_id, sku_id
    -- a grant of one's own, or a second group, keeps the seat
    having count(*) = 1 and min(group_id) is not null
)

select app_id, account_id, sku_id, group_id, okta_user_id
from final
