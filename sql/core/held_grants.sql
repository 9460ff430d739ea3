-- A row is one grant that Okta has of an app or group that Terraform manages: a user assigned directly, a group through
-- which users are assigned, a member of a group. Which groups an app has is known from its users: a group whose members
-- all hold the app in another way is not seen.
with grants as (
    select
        'app_user' as grant_kind, u.okta_app_id, cast(null as varchar) as group_id, u.account_id as okta_account_id,
        u.source_sku_id as sku_id, u.landing
    from staging.okta_seats as u
    inner join core.terraform_scope as s on s.scope_kind = 'app' and s.scope_id = u.okta_app_id
    where u.assigned_via = 'direct'
    union all
    select
        'app_group' as grant_kind, u.okta_app_id, u.group_id, cast(null as varchar) as okta_account_id,
        u.source_sku_id as sku_id, u.landing
    from staging.okta_seats as u
    inner join core.terraform_scope as s on s.scope_kind = 'app' and s.scope_id = u.okta_app_id
    where u.group_id is not null
    union all
    select
        'group_member' as grant_kind, cast(null as varchar) as okta_app_id, m.group_id, m.account_id as okta_account_id,
        cast(null as varchar) as sku_id, m.landing
    from staging.okta_group_members as m
    inner join core.terraform_scope as s on s.scope_kind = 'group' and s.scope_id = m.group_id
),

counted as (
    select
        grant_kind,
        case when grant_kind = 'group_member' then group_id else okta_app_id end as target_id,
        case when grant_kind = 'app_group' then group_id else okta_account_id end as holder_id,
        max(okta_app_id) as okta_app_id,
        max(group_id) as group_id,
        max(okta_account_id) as okta_account_id,
        count(*) as holder_count,
        min(sku_id) as lowest_sku_id,
        max(sku_id) as highest_sku_id,
        max(landing) as landing
    from grants
    group by 1, 2, 3
),

final as (
    select
        c.grant_kind, c.target_id, c.holder_id, c.okta_app_id, i.app_id, c.group_id, c.okta_account_id, c.holder_count,
        c.lowest_sku_id, c.highest_sku_id, c.landing
    from counted as c
    left join seeds.app_okta_ids as i on i.okta_app_id = c.okta_app_id
)

select
    grant_kind, target_id, holder_id, okta_app_id, app_id, group_id, okta_account_id, holder_count, lowest_sku_id,
    highest_sku_id, landing
from final
