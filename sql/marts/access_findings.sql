-- A row is something an access review must see to: open as long as its condition holds, closed by itself when it ends
-- and kept for 396 days. What today's data cannot judge (a stale HR feed, a seat that became unknown, a late state of
-- Terraform) stays as it was.
with kinds as (
    select
        k.kind, k.severity, k.owner_role, k.controls, k.remediation
    from (
        values
        (
            'terminated_active', 'critical', 'app_owner', 'SOC2 CC6.2|NIST AC-2(3)|CIS 5.3|ISO A.5.18',
            'Disable the account today; move its data to the manager; look for use after the last day.'
        ),
        (
            'sod_conflict', 'high', 'app_owner', 'SOC2 CC6.3|NIST AC-5|ISO A.5.18',
            'Take one of the two grants away, or have the exception approved with an end.'
        ),
        (
            'stale_access', 'low', 'app_owner', 'SOC2 CC6.3|NIST AC-2(3)|CIS 5.3|ISO A.5.18',
            'Let the approver decide on the candidate.'
        ),
        (
            'orphan_account', 'high', 'app_owner', 'SOC2 CC6.1|NIST AC-2|CIS 5.1|ISO A.5.18',
            'Find the holder and add an identity override, or type the account, or remove it.'
        ),
        (
            'shadow_allocation', 'medium', 'app_owner', 'SOC2 CC6.1|NIST AC-2|CIS 6.1|ISO A.5.18',
            'Assign the app in the directory and buy the seat, or remove it at the vendor.'
        ),
        (
            'overallocated', 'medium', 'procurement', 'ISO A.5.18',
            'Reclaim the candidates of the pool or order the difference before the true-up.'
        ),
        (
            'failed_removal', 'high', 'app_owner', 'SOC2 CC6.2|SOC2 CC6.3|NIST AC-2(3)|CIS 6.2|ISO A.5.18',
            'Open the ticket again; check how the seat is granted (group or team) and whether it is granted anew.'
        ),
        (
            'out_of_band_change', 'medium', 'app_owner', 'SOC2 CC6.1|NIST AC-2(4)|ISO A.5.18',
            'Ask who changed it and why; undo it, or declare the grant where the others are declared.'
        ),
        (
            'missing_access', 'low', 'app_owner', 'SOC2 CC6.2|NIST AC-2|ISO A.5.18',
            'Grant what is declared (apply the workspace), or take the declaration away.'
        )
    ) as k (kind, severity, owner_role, controls, remediation)
),

is_hr_known as (
    select
        coalesce(bool_and(not is_stale and not is_partial), false) as is_hr_good
    from core.source_status
    where role = 'hr' and stream = 'workers'
),

accounts_of_leavers as (
    select
        a.system, a.account_id, p.person_key
    from core.persons as p
    inner join core.identity_crosswalk as i on i.person_key = p.person_key
    inner join core.accounts as a on a.system = i.system and a.account_id = i.account_id
    cross join is_hr_known as h
    where p.is_terminated and p.next_start_on is null and not p.has_quarantined_row
        and a.is_active and a.account_type is null and h.is_hr_good
),

accounts_of_nobody as (
    select distinct
        app_id as system, account_id
    from core.seats
    where person_key is null and not is_ambiguous and account_type is null
),

accounts_in_question as (
    select system, account_id from accounts_of_leavers
    union
    select system, account_id from accounts_of_nobody
),

-- Seats are many and these accounts few: costs are summed for them alone.
cost_of_accounts as (
    select
        c.app_id, c.account_id, sum(c.reporting_annual_amount) as reporting_annual_amount
    from core.seat_costs as c
    inner join accounts_in_question as q on q.system = c.app_id and q.account_id = c.account_id
    group by c.app_id, c.account_id
),

terminated_active as (
    select
        'terminated_active' as kind, l.system, l.account_id, l.person_key,
        'active account of a person who has left' as detail, c.reporting_annual_amount as amount_at_stake
    from accounts_of_leavers as l
    left join cost_of_accounts as c on c.app_id = l.system and c.account_id = l.account_id
),

people_of_grants as (
    select
        r.rule_id, 'a' as side, s.person_key
    from core.sod_rules as r
    inner join core.seats as s on s.app_id = r.app_id_a
    where s.person_key is not null and coalesce(r.tier_a, s.tier) = s.tier
    union
    select
        r.rule_id, 'b' as side, s.person_key
    from core.sod_rules as r
    inner join core.seats as s on s.app_id = r.app_id_b
    where s.person_key is not null and coalesce(r.tier_b, s.tier) = s.tier
),

sod_conflicts as (
    select
        'sod_conflict' as kind, max(r.app_id_a) as system, g.person_key, g.rule_id,
        'one person holds both grants of rule ' || g.rule_id as detail, max(r.severity) as severity
    from people_of_grants as g
    inner join core.sod_rules as r on r.rule_id = g.rule_id
    group by g.rule_id, g.person_key
    having count(*) = 2
),

stale_access as (
    select
        'stale_access' as kind, e.app_id as system, e.account_id, e.sku_id, e.person_key,
        'no counted use since ' || cast(e.idle_since as varchar) || ', window '
            || cast(e.inactive_after_days as varchar) || ' days' as detail,
        c.reporting_annual_amount as amount_at_stake
    from policy.evaluations as e
    left join core.seat_costs as c
        on c.app_id = e.app_id and c.account_id = e.account_id and c.sku_id = e.sku_id
    where e.verdict = 'candidate' and e.rule = 12
),

orphan_accounts as (
    select
        'orphan_account' as kind, n.system, n.account_id, 'account with seats that matches no person' as detail,
        c.reporting_annual_amount as amount_at_stake
    from accounts_of_nobody as n
    left join cost_of_accounts as c on c.app_id = n.system and c.account_id = n.account_id
),

shadow_allocations as (
    select
        'shadow_allocation' as kind, s.app_id as system, s.account_id, s.sku_id, s.person_key,
        'vendor seat without an assignment in the directory, covered by no contract line' as detail
    from core.shadow_seats as s
),

overallocated_pools as (
    select
        'overallocated' as kind, t.app_id as system, t.sku_id, t.region,
        cast(t.assigned_count as varchar) || ' assigned, ' || cast(t.purchased_quantity as varchar) || ' bought'
            as detail,
        -t.surplus_quantity * p.reporting_annual_amount as amount_at_stake
    from marts.tier_allocation as t
    left join core.sku_prices as p on p.app_id = t.app_id and p.sku_id = t.sku_id and p.region = t.region
    where t.surplus_quantity < 0 and t.purchased_quantity > 0
),

failed_removals as (
    select
        'failed_removal' as kind, app_id as system, account_id, sku_id, person_key, candidate_id,
        case finding
            when 'still_assigned' then 'carried out on ' || cast(executed_on as varchar) || ', still assigned'
            when 'active_again' then 'carried out on ' || cast(executed_on as varchar) || ', its holder is active again'
            else 'the desk could not carry it out'
        end as detail,
        annual_saving_amount as amount_at_stake
    from review.candidates
    where finding is not null
),

-- A change stands until a declared actor changes the same grant, or a state declares what it added. After 90 days the
-- directory itself can no longer show it.
changes_out_of_band as (
    select
        'out_of_band_change' as kind, coalesce(c.app_id, 'okta') as system, c.okta_account_id as account_id,
        x.person_key,
        coalesce(c.okta_app_id, '') || case when c.grant_kind = 'app_group' then '/' else '' end
            || coalesce(c.group_id, '') as subject,
        case c.grant_kind
            when 'app_user' then 'assignment of the app '
            when 'app_group' then 'assignment of the app to a group '
            else 'membership of a group '
        end || case c.change when 'add' then 'added' else 'removed' end || ' on ' || cast(c.changed_on as varchar)
            || ' by a ' || coalesce(c.actor_type, 'party without a type') || ' that is no declared automation actor'
            as detail
    from core.access_changes as c
    cross join core.access_basis as b
    left anti join core.expected_grants as e
        on e.grant_kind = c.grant_kind and e.target_id = c.target_id and e.holder_id = c.holder_id and c.change = 'add'
    left join core.identity_crosswalk as x on x.system = 'okta' and x.account_id = c.okta_account_id
    where b.has_actors and c.is_newest and not c.is_declared
),

grants_missing as (
    select
        'missing_access' as kind, coalesce(a.app_id, 'okta') as system, a.okta_account_id as account_id,
        a.okta_app_id as subject,
        case when a.group_id is null then 'declared directly' else 'declared for a group of the account' end
            || ', and the account is not in the app' as detail
    from core.expected_access as a
    cross join core.access_basis as b
    where b.is_app_judged and a.is_active and not a.is_held
    union all
    select
        'missing_access' as kind, 'okta' as system, d.okta_account_id as account_id, d.group_id as subject,
        'declared as a member of a group, and is none' as detail
    from marts.assignment_drift as d
    inner join core.accounts as a on a.system = 'okta' and a.account_id = d.okta_account_id
    cross join core.access_basis as b
    where
        d.state = 'open' and d.drift_kind = 'not_in_okta' and d.grant_kind = 'group_member' and b.is_member_judged
        and a.is_active and a.account_type is null
    union all
    select
        'missing_access' as kind, r.app_id as system, r.okta_account_id as account_id, 'role' as subject,
        'expected of the role of the person, who has no seat' as detail
    from core.role_grants as r
    where r.is_judged and not r.is_held
),

missing_access as (
    select
        g.kind, g.system, g.account_id, x.person_key, g.subject, g.detail
    from grants_missing as g
    left join core.identity_crosswalk as x on x.system = 'okta' and x.account_id = g.account_id
),

findings_of_every_kind as (
    select
        kind, system, account_id, null as sku_id, person_key, '' as subject, detail, null as severity, amount_at_stake
    from terminated_active
    union all
    select kind, system, null, null, person_key, rule_id, detail, severity, null
    from sod_conflicts
    union all
    select kind, system, account_id, sku_id, person_key, '', detail, null, amount_at_stake
    from stale_access
    union all
    select kind, system, account_id, null, null, '', detail, null, amount_at_stake
    from orphan_accounts
    union all
    select kind, system, account_id, sku_id, person_key, '', detail, null, null
    from shadow_allocations
    union all
    select kind, system, null, sku_id, null, region, detail, null, amount_at_stake
    from overallocated_pools
    union all
    select kind, system, account_id, sku_id, person_key, candidate_id, detail, null, amount_at_stake
    from failed_removals
    union all
    select kind, system, account_id, null, person_key, subject, detail, null, null
    from changes_out_of_band
    union all
    select kind, system, account_id, null, person_key, subject, detail, null, null
    from missing_access
),

findings_with_their_id as (
    select
        'f-' || substr(
            sha256(
                f.kind || '|' || f.system || '|' || coalesce(f.sku_id, '') || '|' || f.subject
                || '|' || coalesce(pseudonym(coalesce(f.account_id, f.person_key)), '')
            ), 1, 20
        ) as finding_id,
        f.kind, f.system, f.account_id, f.sku_id, f.person_key, f.subject, f.detail,
        case when f.severity in ('critical', 'high', 'medium', 'low') then f.severity else k.severity end as severity,
        f.amount_at_stake, k.owner_role, a.owner_email, k.controls, k.remediation,
        coalesce(a.is_high_sensitivity, f.system = 'okta') as is_sensitive
    from findings_of_every_kind as f
    inner join kinds as k on k.kind = f.kind
    left join core.apps as a on a.app_id = f.system
),

findings_open as (
    select
        f.finding_id, f.kind, f.system, f.account_id, f.sku_id, f.person_key, f.subject, f.detail, f.severity,
        f.is_sensitive, f.amount_at_stake, f.owner_role, f.owner_email, f.controls, f.remediation,
        case when b.state = 'open' then b.first_seen_on else $as_of end as first_seen_on,
        $as_of as last_seen_on,
        cast(null as date) as closed_on
    from findings_with_their_id as f
    left join earlier.access_findings as b on b.finding_id = f.finding_id
),

findings_not_seen as (
    select
        b.finding_id, b.kind, b.system, b.account_id, b.sku_id, b.person_key, b.subject, b.detail, b.severity,
        b.is_sensitive, b.amount_at_stake, b.owner_role, b.owner_email, b.controls, b.remediation, b.first_seen_on,
        b.last_seen_on,
        case
            when b.closed_on is not null then b.closed_on
            when b.kind = 'terminated_active' and not h.is_hr_good then null
            when b.kind = 'stale_access' and e.verdict = 'unknown' then null
            when b.kind = 'missing_access' and b.subject = 'role' and not r.is_judged then null
            when b.kind = 'missing_access' and b.subject <> 'role' and t.has_state and not t.is_app_judged then null
            else $as_of
        end as closed_on
    from earlier.access_findings as b
    cross join is_hr_known as h
    cross join core.access_basis as t
    left join policy.evaluations as e
        on e.app_id = b.system and e.account_id = b.account_id and e.sku_id = b.sku_id
    left join core.role_grants as r on r.app_id = b.system and r.person_key = b.person_key
    left anti join findings_with_their_id as f on f.finding_id = b.finding_id
),

findings as (
    select
        finding_id, kind, system, account_id, sku_id, person_key, subject, detail, severity, is_sensitive,
        amount_at_stake, owner_role, owner_email, controls, remediation, first_seen_on, last_seen_on, closed_on
    from findings_open
    union all
    select
        finding_id, kind, system, account_id, sku_id, person_key, subject, detail, severity, is_sensitive,
        amount_at_stake, owner_role, owner_email, controls, remediation, first_seen_on, last_seen_on, closed_on
    from findings_not_seen
    where closed_on is null or closed_on > $as_of - 396
),

final as (
    select
        f.finding_id,
        f.kind,
        f.system,
        f.account_id,
        f.sku_id,
        f.person_key,
        f.subject,
        f.detail,
        case when f.closed_on is null then 'open' else 'closed' end as state,
        f.first_seen_on,
        f.last_seen_on,
        f.closed_on,
        coalesce(f.closed_on, $as_of) - f.first_seen_on as days_open,
        f.severity,
        f.is_sensitive,
        case f.severity when 'critical' then 4 when 'high' then 3 when 'medium' then 2 else 1 end
        * case when f.is_sensitive then 2 else 1 end
        * case
            when coalesce(f.closed_on, $as_of) - f.first_seen_on <= 7 then 1
            when coalesce(f.closed_on, $as_of) - f.first_seen_on <= 30 then 2
            when coalesce(f.closed_on, $as_of) - f.first_seen_on <= 90 then 3
            else 4
        end as risk_score,
        f.amount_at_stake,
        r.reporting_currency,
        f.owner_role,
        f.owner_email,
        f.controls,
        f.remediation
    from findings as f
    cross join config.project as r
)

select
    finding_id, kind, system, account_id, sku_id, person_key, subject, detail, state, first_seen_on, last_seen_on,
    closed_on, days_open, severity, is_sensitive, risk_score, amount_at_stake, reporting_currency, owner_role,
    owner_email, controls, remediation
from final
