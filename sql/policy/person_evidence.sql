-- One row per person: what HR, legal and project staffing say about them at the as-of date.
-- Effective-dated rows are resolved here, per person, so that no rule over seats has to look at an interval.
with legal_holds_in_force as (
    select
        person_key,
        min(effective_from) as legal_hold_from,
        case when bool_or(effective_to is null) then null else max(effective_to) end as legal_hold_to
    from core.legal_holds
    where effective_from <= $as_of
        and (effective_to is null or $as_of < effective_to)
    group by person_key
),

-- The leave that ends last decides: while it runs the person is on leave, afterwards the return grace counts from it.
leaves_that_have_begun as (
    select
        person_key,
        max(leave_to) as leave_to,
        first_value(leave_from order by leave_to desc, leave_from, leave_id) as leave_from,
        first_value(is_open_ended order by leave_to desc, leave_from, leave_id) as is_leave_open_ended
    from core.leaves
    where leave_from <= $as_of
    group by person_key
),

next_project_assignments as (
    select
        person_key,
        min(effective_from) as next_assignment_on
    from core.project_assignments
    where effective_from >= $as_of
    group by person_key
),

benches_now as (
    select
        person_key,
        max(bench_from) as bench_from
    from core.benches
    group by person_key
),

final as (
    select
        p.person_key,
        coalesce(p.worker_type, '') as worker_type,
        coalesce(p.region, '') as region,
        coalesce(p.practice, '') as practice,
        coalesce(p.job_family, '') as job_family,
        coalesce(p.has_quarantined_row, false) as has_quarantined_row,
        coalesce(p.is_active, false) as is_active,
        -- Terminated but for a spell about to begin, which only the seat's policy can judge (upcoming_hold_days).
        coalesce(p.is_terminated, false) as is_terminated,
        p.terminated_on,
        p.next_start_on,
        h.legal_hold_from is not null as is_under_legal_hold,
        h.legal_hold_from,
        h.legal_hold_to,
        l.leave_from,
        l.leave_to,
        l.is_leave_open_ended,
        a.next_assignment_on,
        b.bench_from,
        c.cohort_number,
        p.source || '/workers@' || cast(p.landing as text) as person_ref
    from core.persons as p
    left join legal_holds_in_force as h on h.person_key = p.person_key
    left join leaves_that_have_begun as l on l.person_key = p.person_key
    left join next_project_assignments as a on a.person_key = p.person_key
    left join benches_now as b on b.person_key = p.person_key
    left join policy.cohorts as c
        on c.worker_type = coalesce(p.worker_type, '')
        and c.region = coalesce(p.region, '')
        and c.practice = coalesce(p.practice, '')
        and c.job_family = coalesce(p.job_family, '')
)

select
    person_key,
    worker_type,
    region,
    practice,
    job_family,
    has_quarantined_row,
    is_active,
    is_terminated,
    terminated_on,
    next_start_on,
    is_under_legal_hold,
    legal_hold_from,
    legal_hold_to,
    leave_from,
    leave_to,
    is_leave_open_ended,
    next_assignment_on,
    bench_from,
    cohort_number,
    person_ref
from final
