-- One assignment of a person to a project.
with final as (
    select
        a.assignment_id,
        w.person_key,
        a.worker_id,
        a.project_id,
        a.effective_from,
        a.effective_to,
        a.source,
        a.landing
    from staging.project_assignments as a
    inner join core.workers as w on a.worker_id = w.worker_id
)

select assignment_id, person_key, worker_id, project_id, effective_from, effective_to, source, landing
from final
