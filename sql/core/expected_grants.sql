-- A row is one grant that the Terraform state of one workspace declares: a user or a group of an app, a member of a
-- group. Declared twice there, the first address speaks. Whom a group rule makes a member no state says.
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

grants as (
    select
        source, workspace, address, grant_kind,
        case when grant_kind = 'group_member' then group_id else okta_app_id end as target_id,
        case when grant_kind = 'app_group' then group_id else account_id end as holder_id,
        okta_app_id, group_id, account_id as okta_account_id, sku_id, priority, landing
    from declared
    where grant_kind is not null
),

tellings as (
    select
        source, workspace, address, grant_kind, target_id, holder_id, okta_app_id, group_id, okta_account_id, sku_id,
        priority, landing,
        row_number() over (partition by source, workspace, grant_kind, target_id, holder_id order by address) as place
    from grants
),

final as (
    select
        t.source, t.workspace, t.address, t.grant_kind, t.target_id, t.holder_id, t.okta_app_id, i.app_id, t.group_id,
        t.okta_account_id, t.sku_id, t.priority, t.landing
    from tellings as t
    left join seeds.app_okta_ids as i on i.okta_app_id = t.okta_app_id
    where t.place = 1
)

select
    source, workspace, address, grant_kind, target_id, holder_id, okta_app_id, app_id, group_id, okta_account_id,
    sku_id, priority, landing
from final
