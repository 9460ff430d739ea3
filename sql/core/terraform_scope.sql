-- A row is an app or a group whose grants Terraform manages. An app of which any assignment is declared is managed as a
-- whole. Of a group only the listed members are, unless a resource tracks all of them and no rule fills the group
-- besides. The address is that of a resource about no single user, for theirs may be named after them.
with resources as (
    select
        source, workspace, address, resource_type, okta_app_id, group_id, coalesce(tracks_all, false) as tracks_all,
        resource_type in ('okta_app_user', 'okta_app_group_assignment', 'okta_app_group_assignments') as is_of_app,
        resource_type in ('okta_group_memberships', 'okta_user_group_memberships') as is_of_group,
        resource_type in ('okta_app_user', 'okta_user_group_memberships') as is_of_user
    from staging.terraform_resources
),

groups_filled_by_rules as (
    select distinct group_id
    from resources
    where resource_type = 'okta_group_rule' and group_id is not null
),

claims as (
    select
        case when is_of_app then 'app' else 'group' end as scope_kind,
        case when is_of_app then okta_app_id else group_id end as scope_id,
        is_of_app or tracks_all as is_whole,
        is_of_user, source, workspace,
        case when not is_of_user then address end as address
    from resources
    where (is_of_app and okta_app_id is not null) or (is_of_group and group_id is not null)
),

managed as (
    select
        scope_kind, scope_id, bool_or(is_whole) as is_whole,
        first_value(workspace order by is_whole desc, is_of_user, source, workspace, address) as workspace,
        first_value(address order by is_whole desc, is_of_user, source, workspace, address) as address
    from claims
    group by scope_kind, scope_id
),

final as (
    select
        m.scope_kind, m.scope_id, m.workspace, m.address, m.is_whole and f.group_id is null as is_whole
    from managed as m
    left join groups_filled_by_rules as f on m.scope_kind = 'group' and f.group_id = m.scope_id
)

select scope_kind, scope_id, workspace, address, is_whole
from final
