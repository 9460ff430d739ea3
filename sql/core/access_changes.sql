-- A row is one change of a grant in Okta up to the end of the as-of date, with whether an actor made it whom the
-- project declares as automation. Names are compared without regard to case; `*` in a declared one is any text.
with changes as (
    select
        c.event_id, c.changed_at, c.change, c.grant_kind, c.okta_app_id, i.app_id, c.group_id,
        c.account_id as okta_account_id, c.actor_id, c.actor_type, c.actor_name,
        case when c.grant_kind = 'group_member' then c.group_id else c.okta_app_id end as target_id,
        case when c.grant_kind = 'app_group' then c.group_id else c.account_id end as holder_id
    from staging.okta_changes as c
    left join seeds.app_okta_ids as i on i.okta_app_id = c.okta_app_id
    where c.changed_at < cast($as_of + 1 as timestamp)
),

actors as (
    select distinct actor_id, actor_name
    from changes
),

actors_declared as (
    select distinct a.actor_id, a.actor_name
    from actors as a
    cross join config.automation_actors as d
    where a.actor_id = d.actor or glob_match(a.actor_name, d.actor)
),

final as (
    select
        c.event_id,
        c.changed_at,
        cast(c.changed_at as date) as changed_on,
        c.change,
        c.grant_kind,
        c.target_id,
        c.holder_id,
        c.okta_app_id,
        c.app_id,
        c.group_id,
        c.okta_account_id,
        c.actor_id,
        c.actor_type,
        d.actor_id is not null as is_declared,
        row_number() over (
            partition by c.grant_kind, c.target_id, c.holder_id order by c.changed_at desc, c.event_id
        ) = 1 as is_newest
    from changes as c
    left join actors_declared as d
        on d.actor_id = c.actor_id and coalesce(d.actor_name, '') = coalesce(c.actor_name, '')
)

select
    event_id, changed_at, changed_on, change, grant_kind, target_id, holder_id, okta_app_id, app_id,
    group_id, okta_account_id, actor_id, actor_type, is_declared, is_newest
from final
