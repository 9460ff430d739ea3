-- A row is a grant in which Okta and the states of Terraform differ: declared and not in Okta, in Okta and not declared
-- although Terraform manages the app or group, or declared with another licence. Open while it lasts, then kept for 396
-- days; what today's data cannot judge stays as it was. Priorities are not compared: Okta's are not collected.
with declared as (
    select
        grant_kind, target_id, holder_id, okta_app_id, app_id, group_id, okta_account_id, sku_id, priority, workspace,
        address,
        row_number() over (partition by grant_kind, target_id, holder_id order by workspace, source) as place
    from core.expected_grants
),

-- a group's assignment shows in the users it brings: it is missing when a member of it has nothing of the app
groups_not_in_effect as (
    select okta_app_id, group_id
    from core.expected_access
    where group_id is not null and is_active and not is_held
    group by okta_app_id, group_id
),

not_in_okta as (
    select
        'not_in_okta' as drift_kind, d.grant_kind, d.okta_app_id, d.app_id, d.group_id, d.okta_account_id,
        d.workspace, d.address, d.sku_id as declared_sku_id, d.priority as declared_priority,
        cast(null as varchar) as held_sku_id, 'declared, and not in Okta' as detail
    from declared as d
    left anti join core.held_grants as h
        on h.grant_kind = d.grant_kind and h.target_id = d.target_id and h.holder_id = d.holder_id
    left join groups_not_in_effect as g on g.okta_app_id = d.okta_app_id and g.group_id = d.group_id
    where d.place = 1 and (d.grant_kind <> 'app_group' or g.group_id is not null)
),

not_in_terraform as (
    select
        'not_in_terraform' as drift_kind, h.grant_kind, h.okta_app_id, h.app_id, h.group_id, h.okta_account_id,
        s.workspace, s.address, cast(null as varchar) as declared_sku_id,
        cast(null as bigint) as declared_priority,
        h.lowest_sku_id as held_sku_id, 'in Okta, and no state declares it' as detail
    from core.held_grants as h
    inner join core.terraform_scope as s
        on s.scope_kind = case when h.grant_kind = 'group_member' then 'group' else 'app' end
        and s.scope_id = h.target_id
    left anti join declared as d
        on d.grant_kind = h.grant_kind and d.target_id = h.target_id and d.holder_id = h.holder_id
    where s.is_whole
),

another_licence as (
    select
        'differs' as drift_kind, d.grant_kind, d.okta_app_id, d.app_id, d.group_id, d.okta_account_id,
        d.workspace, d.address, d.sku_id as declared_sku_id, d.priority as declared_priority,
        case
            when fold_text(h.lowest_sku_id) <> fold_text(d.sku_id) then h.lowest_sku_id
            else h.highest_sku_id
        end as held_sku_id,
        'declared with another licence' as detail
    from declared as d
    inner join core.held_grants as h
        on h.grant_kind = d.grant_kind and h.target_id = d.target_id and h.holder_id = d.holder_id
    where
        d.place = 1
        and (
            fold_text(h.lowest_sku_id) <> fold_text(d.sku_id) or fold_text(h.highest_sku_id) <> fold_text(d.sku_id)
        )
),

drifts as (
    select
        drift_kind, grant_kind, okta_app_id, app_id, group_id, okta_account_id, workspace, address,
        declared_sku_id, declared_priority, held_sku_id, detail
    from not_in_okta
    union all
    select
        drift_kind, grant_kind, okta_app_id, app_id, group_id, okta_account_id, workspace, address,
        declared_sku_id, declared_priority, held_sku_id, detail
    from not_in_terraform
    union all
    select
        drift_kind, grant_kind, okta_app_id, app_id, group_id, okta_account_id, workspace, address,
        declared_sku_id, declared_priority, held_sku_id, detail
    from another_licence
),

drifts_of_today as (
    select
        'd-' || substr(
            sha256(
                d.drift_kind || '|' || d.grant_kind || '|' || coalesce(d.okta_app_id, '') || '|'
                || coalesce(d.group_id, '') || '|' || coalesce(pseudonym(d.okta_account_id), '')
            ), 1, 20
        ) as drift_id,
        d.drift_kind, d.grant_kind, d.okta_app_id, d.app_id, d.group_id, d.okta_account_id, x.person_key, d.workspace,
        d.address, d.declared_sku_id, d.declared_priority, d.held_sku_id, d.detail
    from drifts as d
    cross join core.access_basis as b
    left join core.identity_crosswalk as x on x.system = 'okta' and x.account_id = d.okta_account_id
    where case when d.grant_kind = 'group_member' then b.is_member_judged else b.is_app_judged end
),

drifts_not_seen as (
    select
        e.drift_id, e.drift_kind, e.grant_kind, e.okta_app_id, e.app_id, e.group_id, e.okta_account_id, e.person_key,
        e.workspace, e.address, e.declared_sku_id, e.declared_priority, e.held_sku_id, e.detail, e.first_seen_on,
        e.last_seen_on,
        case
            when e.closed_on is not null then e.closed_on
            when case when e.grant_kind = 'group_member' then b.is_member_judged else b.is_app_judged end then $as_of
        end as closed_on
    from earlier.assignment_drift as e
    cross join core.access_basis as b
    left anti join drifts_of_today as t on t.drift_id = e.drift_id
),

final as (
    select
        t.drift_id, t.drift_kind, t.grant_kind, t.okta_app_id, t.app_id, t.group_id, t.okta_account_id, t.person_key,
        t.workspace, t.address, t.declared_sku_id, t.declared_priority, t.held_sku_id, t.detail, 'open' as state,
        case when e.state = 'open' then e.first_seen_on else $as_of end as first_seen_on,
        $as_of as last_seen_on,
        cast(null as date) as closed_on
    from drifts_of_today as t
    left join earlier.assignment_drift as e on e.drift_id = t.drift_id
    union all
    select
        drift_id, drift_kind, grant_kind, okta_app_id, app_id, group_id, okta_account_id, person_key, workspace,
        address, declared_sku_id, declared_priority, held_sku_id, detail,
        case when closed_on is null then 'open' else 'closed' end as state,
        first_seen_on, last_seen_on, closed_on
    from drifts_not_seen
    where closed_on is null or closed_on > $as_of - 396
)

select
    drift_id, drift_kind, grant_kind, okta_app_id, app_id, group_id, okta_account_id, person_key, workspace,
    address, declared_sku_id, declared_priority, held_sku_id, detail, state, first_seen_on, last_seen_on, closed_on
from final
