-- One row per person and first day of a legal hold: nothing of the person is acted on. Of two holds of one first day
-- the one that ends last counts. A reason code nobody knows does not lift the hold.
with holds_of_persons as (
    select
        worker.person_key, line.effective_from, line.effective_to, line.reason_code, line.worker_id, line.file,
        line.line, line.file || ':' || cast(line.line as varchar) as source_line
    from drops.legal_holds as line
    inner join core.workers as worker on line.worker_id = worker.worker_id
),

final as (
    select
        person_key, effective_from,
        case when count(effective_to) = count(*) then max(effective_to) end as effective_to,
        first_value(reason_code order by effective_to desc nulls first, file, line) as reason_code,
        first_value(worker_id order by effective_to desc nulls first, file, line) as worker_id,
        first_value(source_line order by effective_to desc nulls first, file, line) as source_line
    from holds_of_persons
    group by person_key, effective_from
)

select person_key, effective_from, effective_to, reason_code, worker_id, source_line
from final
