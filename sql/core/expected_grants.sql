-- A row is one grant that one resource of a Terraform state declares: a user or a group of an app, a member of a group.
-- Whom a group rule makes a member no state says.
with declared as (
    select
        source, workspace, address, okta_app_id, group_id, account_id, sku_id, priority, landing,
        case
            when resource_type = 'okta_app_user' then 'app_user'
            when resource_type in ('okta_app_group_assignment', 'okta_app_group_assignments') and group_id is not null
                then 'app_group'
            when
                resource_type in ('okta_group_memberships', 'okta_user_group_memberships')
                and group_id is not null and account_id is not null
                then 'group_member'
        end as grant_kind
    from staging.terraform_resources
),

final as (
    select
        d.source, d.workspace, d.address, d.grant_kind,
        concat_ws(
            '|', d.grant_kind, coalesce(d.okta_app_id, ''), coalesce(d.group_id, ''), coalesce(d.account_id, '')
        ) as grant_key,
        d.okta_app_id, i.app_id, d.group_id, d.account_id as okta_account_id, d.sku_id, d.priority, d.landing
    from declared as d
    left join seeds.app_okta_ids as i on i.okta_app_id = d.okta_app_id
    where d.grant_kind is not null
)

select
    source, workspace, address, grant_kind, grant_key, okta_app_id, app_id, group_id, okta_account_id,
    sku_id, priority, landing
from final
