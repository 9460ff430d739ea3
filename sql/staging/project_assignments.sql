-- One assignment of one worker id to one project. The sources give the last day inside; effective_to is the first day
-- outside.
with assignments_of_every_source as (
    select source, landing, assignment_id, worker_id, project_id, start_on, end_on
    from raw.workday_project_assignments
    union all
    select source, landing, assignment_id, worker_id, project_id, start_on, end_on
    from raw.bamboohr_project_assignments
),

final as (
    select
        assignment_id,
        source,
        worker_id,
        project_id,
        start_on as effective_from,
        end_on + 1 as effective_to,
        landing
    from assignments_of_every_source
)

select assignment_id, source, worker_id, project_id, effective_from, effective_to, landing
from final
