-- One person without a project assignment at the as-of date whose last one has ended. Who was never assigned is not on
-- the bench.
with assignments_by_person as (
    select
        person_key,
        max(case when effective_to <= $as_of then effective_to end) as bench_from,
        bool_or(effective_from <= $as_of and ($as_of < effective_to or effective_to is null)) as is_assigned
    from core.project_assignments
    group by person_key
),

final as (
    select person_key, bench_from
    from assignments_by_person
    where not is_assigned and bench_from is not null
)

select person_key, bench_from
from final
