-- A row is a kind of finding and whether today's data can judge it: ok, finding, or not judged and why. What no source
-- tells is not judged, never ok.
with kinds as (
    select k.kind, k.title, k.controls, k.rests_on
    from (
        values
        ('terminated_active', 'Leavers have no active account', 'SOC2 CC6.2|NIST AC-2(3)|CIS 5.3|ISO A.5.18', 'hr'),
        ('sod_conflict', 'Duties are separated', 'SOC2 CC6.3|NIST AC-5|ISO A.5.18', 'rules'),
        ('stale_access', 'Access is used', 'SOC2 CC6.3|NIST AC-2(3)|CIS 5.3|ISO A.5.18', 'policies'),
        ('orphan_account', 'Every account belongs to somebody', 'SOC2 CC6.1|NIST AC-2|CIS 5.1|ISO A.5.18', 'hr'),
        (
            'shadow_allocation', 'Seats are assigned in the directory', 'SOC2 CC6.1|NIST AC-2|CIS 6.1|ISO A.5.18',
            'directory'
        ),
        ('overallocated', 'No more seats are held than bought', 'ISO A.5.18', 'itam'),
        (
            'failed_removal', 'What was removed stays removed',
            'SOC2 CC6.2|SOC2 CC6.3|NIST AC-2(3)|CIS 6.2|ISO A.5.18', 'log'
        ),
        (
            'out_of_band_change', 'Changes go through the declared actor', 'SOC2 CC6.1|NIST AC-2(4)|ISO A.5.18',
            'actors'
        ),
        ('missing_access', 'Grants that are declared are held', 'SOC2 CC6.2|NIST AC-2|ISO A.5.18', 'declared')
    ) as k (kind, title, controls, rests_on)
),

-- feeds by what a kind rests on: a directory's log tells use and changes, not assignment
feeds as (
    select
        case
            when role = 'hr' and stream = 'workers' then 'hr'
            when role in ('directory', 'assignment') then 'directory'
            when role = 'itam' then 'itam'
            when role = 'log' then 'actors'
        end as rests_on,
        count(*) as feed_count,
        count(*) filter (where has_landed and not is_stale and not is_partial) as good_count
    from core.source_status
    group by 1
),

seats_not_judged as (
    select count(*) as seat_count from policy.evaluations where verdict = 'unknown'
),

rules as (
    select count(*) as rule_count from core.sod_rules
),

expected_of_roles as (
    select count(*) as expected_count, count(*) filter (where is_judged) as judged_count from core.role_grants
),

policies_in_force as (
    select count(*) as policy_count from policy.effective_policies where policy_version_id is not null
),

findings as (
    select
        kind,
        count(*) filter (where state = 'open') as open_count,
        count(*) filter (where state = 'closed') as closed_count,
        count(*) filter (where state = 'open' and days_open > 30) as open_over_30_days_count,
        max(days_open) filter (where state = 'open') as longest_open_days,
        cast(round(avg(cast(days_open as decimal(9, 2))) filter (where state = 'closed'), 2) as decimal(9, 2))
            as mean_days_to_close,
        max(risk_score) filter (where state = 'open') as highest_risk_score
    from marts.access_findings
    group by kind
),

judged as (
    select
        k.kind, k.title, k.controls,
        case
            when k.rests_on = 'actors' and not t.has_actors
                then 'no automation_actors are declared in seatledger.toml'
            when k.rests_on = 'actors' and coalesce(d.good_count, 0) = 0 then 'no good feed: log'
            when k.rests_on = 'declared' and not t.has_state and g.expected_count = 0
                then 'no state of Terraform, and no line of seeds/role_grants.csv that fits anybody'
            when k.rests_on = 'declared' and not t.is_app_judged and g.judged_count = 0
                then 'no good feed: states, directory or seats'
            when k.rests_on = 'rules' and r.rule_count = 0 then 'no rule is in seeds/sod_rules.csv'
            when k.rests_on = 'policies' and p.policy_count = 0 then 'no policy is in force'
            when k.rests_on in ('hr', 'directory', 'itam') and coalesce(d.good_count, 0) = 0
                then 'no good feed: ' || k.rests_on
        end as not_judged_because,
        case
            when k.rests_on = 'policies' and n.seat_count > 0 then cast(n.seat_count as varchar) || ' seats are unknown'
            when k.rests_on in ('hr', 'directory', 'itam', 'actors') and d.good_count < d.feed_count
                then cast(d.feed_count - d.good_count as varchar) || ' of ' || cast(d.feed_count as varchar)
                    || ' feeds are late or partial'
            when k.rests_on = 'declared' and t.has_state and not t.is_app_judged
                then 'states or directory are late or partial'
            when k.rests_on = 'declared' and g.judged_count < g.expected_count
                then cast(g.expected_count - g.judged_count as varchar) || ' expected of roles rest on late feeds'
            when k.rests_on = 'declared' and t.is_app_judged and not t.is_member_judged
                then 'members of groups are not collected'
        end as coverage_gap
    from kinds as k
    cross join rules as r
    cross join expected_of_roles as g
    cross join core.access_basis as t
    cross join policies_in_force as p
    cross join seats_not_judged as n
    left join feeds as d on d.rests_on = k.rests_on
),

final as (
    select
        j.kind,
        j.title,
        j.controls,
        case
            when coalesce(f.open_count, 0) > 0 then 'finding'
            when j.not_judged_because is not null then 'not judged'
            else 'ok'
        end as state,
        j.not_judged_because,
        j.coverage_gap,
        coalesce(f.open_count, 0) as open_count,
        coalesce(f.open_over_30_days_count, 0) as open_over_30_days_count,
        coalesce(f.closed_count, 0) as closed_count,
        f.longest_open_days,
        f.mean_days_to_close,
        f.highest_risk_score
    from judged as j
    left join findings as f on f.kind = j.kind
)

select
    kind, title, controls, state, not_judged_because, coverage_gap, open_count, open_over_30_days_count, closed_count,
    longest_open_days, mean_days_to_close, highest_risk_score
from final
