-- A row is one Okta user who should have one Okta app because a Terraform state says so: directly, or as a member of a
-- group that has it, whether Okta or a state says who is a member. Beside it whether Okta has them in the app.
with members as (
    select group_id, account_id as okta_account_id
    from staging.okta_group_members
    union
    select group_id, okta_account_id
    from core.expected_grants
    where grant_kind = 'group_member'
),

paths as (
    select okta_app_id, app_id, okta_account_id, cast(null as varchar) as group_id, source, workspace, address
    from core.expected_grants
    where grant_kind = 'app_user'
    union all
    select g.okta_app_id, g.app_id, m.okta_account_id, g.group_id, g.source, g.workspace, g.address
    from core.expected_grants as g
    inner join members as m on m.group_id = g.group_id
    where g.grant_kind = 'app_group'
),

first_paths as (
    select
        okta_app_id, app_id, okta_account_id, group_id, workspace, address,
        row_number() over (
            partition by okta_app_id, okta_account_id order by group_id nulls first, source, workspace, address
        ) as place
    from paths
),

holders as (
    select distinct okta_app_id, account_id
    from staging.okta_seats
),

final as (
    select
        p.okta_app_id, p.app_id, p.okta_account_id, p.group_id, p.workspace, p.address,
        coalesce(a.is_active and a.account_type is null, false) as is_active,
        h.account_id is not null as is_held
    from first_paths as p
    left join core.accounts as a on a.system = 'okta' and a.account_id = p.okta_account_id
    left join holders as h on h.okta_app_id = p.okta_app_id and h.account_id = p.okta_account_id
    where p.place = 1
)

select okta_app_id, app_id, okta_account_id, group_id, workspace, address, is_active, is_held
from final
