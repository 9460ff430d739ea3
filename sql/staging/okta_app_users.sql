-- One Okta user's place in one Okta app (newest complete landing), whatever its status: the link from a vendor's user
-- name to the Okta user outlives the seat. Those that are seats: staging.okta_seats.
with final as (
    select
        source,
        okta_app_id,
        account_id,
        user_name,
        external_id,
        status,
        scope,
        sku_id,
        group_id,
        group_name,
        created_at,
        status_changed_at,
        landing
    from raw.okta_app_users
)

select
    source, okta_app_id, account_id, user_name, external_id, status, scope, sku_id, group_id, group_name,
    created_at, status_changed_at, landing
from final
