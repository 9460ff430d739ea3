-- A row is an app or a group whose grants Terraform manages, with the first resource that says so. An app of which any
-- assignment is declared is managed as a whole. Of a group only the listed members are, unless the resource tracks all
-- of them and no rule fills the group besides.
with resources as (
    select
        source, workspace, address, resource_type, okta_app_id, group_id, tracks_all,
        resource_type in ('okta_app_user', 'okta_app_group_assignment', 'okta_app_group_assignments') as is_of_app,
        resource_type in ('okta_group_memberships', 'okta_user_group_memberships') as is_of_group
    from staging.terraform_resources
),

groups_filled_by_rules as (
    select distinct group_id
    from resources
    where resource_type = 'okta_group_rule' and group_id is not null
),

managed as (
    select
        'app' as scope_kind, okta_app_id as scope_id,
        first_value(workspace order by source, workspace, address) as workspace,
        first_value(address order by source, workspace, address) as address,
        true as is_whole
    from resources
    where is_of_app and okta_app_id is not null
    group by okta_app_id
    union all
    select
        'group' as scope_kind, group_id as scope_id,
        first_value(workspace order by coalesce(tracks_all, false) desc, source, workspace, address) as workspace,
        first_value(address order by coalesce(tracks_all, false) desc, source, workspace, address) as address,
        bool_or(coalesce(tracks_all, false)) as is_whole
    from resources
    where is_of_group and group_id is not null
    group by group_id
),

final as (
    select
        m.scope_kind, m.scope_id, m.workspace, m.address, m.is_whole and f.group_id is null as is_whole
    from managed as m
    left join groups_filled_by_rules as f on m.scope_kind = 'group' and f.group_id = m.scope_id
)

select scope_kind, scope_id, workspace, address, is_whole
from final
