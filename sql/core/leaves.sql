-- One approved leave of a person: the actual end counts, else the estimated one, else a year from the start, so that a
-- leave nobody closed does not exempt for ever.
with leaves_with_a_sound_estimate as (
    -- an estimate before the start says nothing
    select
        leave_id, source, worker_id, effective_from, actual_to,
        case when estimated_to > effective_from then estimated_to end as estimated_to, landing
    from staging.leaves
),

final as (
    select
        l.leave_id,
        w.person_key,
        l.worker_id,
        l.effective_from as leave_from,
        coalesce(l.actual_to, l.estimated_to, l.effective_from + 365) as leave_to,
        l.actual_to is null and l.estimated_to is null as is_open_ended,
        l.source,
        l.landing
    from leaves_with_a_sound_estimate as l
    inner join core.workers as w on l.worker_id = w.worker_id
)

select leave_id, person_key, worker_id, leave_from, leave_to, is_open_ended, source, landing
from final
