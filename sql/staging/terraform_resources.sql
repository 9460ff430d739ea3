-- A row is one thing that a state of Terraform says of one pair in Okta (newest complete landing): an app and a user,
-- an app and a group, a group and a user, or a group, app or user by itself.
with final as (
    select
        source, workspace, address, resource_type, resource_id, okta_app_id, group_id, account_id, status, sku_id,
        priority, tracks_all, landing
    from raw.terraform_state
)

select
    source, workspace, address, resource_type, resource_id, okta_app_id, group_id, account_id, status, sku_id,
    priority, tracks_all, landing
from final
