-- One approved leave of one worker id: only that it is one, its start and its end. The sources give the last day
-- inside; actual_to and estimated_to are the first day outside.
with approved_leaves as (
    -- Workday reports approved leaves only and may leave the status out; BambooHR lists every request
    select source, landing, leave_id, worker_id, start_on, end_on, estimated_end_on
    from raw.workday_leaves
    where coalesce(fold_text(status), 'approved') = 'approved'
    union all
    select source, landing, leave_id, worker_id, start_on, end_on, estimated_end_on
    from raw.bamboohr_leaves
    where fold_text(status) = 'approved'
),

final as (
    select
        leave_id,
        source,
        worker_id,
        start_on as effective_from,
        end_on + 1 as actual_to,
        estimated_end_on + 1 as estimated_to,
        landing
    from approved_leaves
)

select leave_id, source, worker_id, effective_from, actual_to, estimated_to, landing
from final
