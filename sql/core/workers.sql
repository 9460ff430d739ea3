-- One worker id of the HR feeds, with the person it belongs to; also one whose every row was quarantined.
with workers_with_a_spell as (
    select worker_id, person_key, min(source) as source, max(landing) as landing
    from core.employment_spells
    group by worker_id, person_key
),

quarantined_rows_of_the_hr_feeds as (
    select q.natural_key as worker_id, q.source, q.stream, q.landing
    from audit.quarantine as q
    inner join config.streams as s on q.source = s.source and q.stream = s.stream
    where s.role = 'hr' and q.natural_key is not null
),

workers_with_a_quarantined_row as (
    select
        worker_id,
        min(source) as source,
        max(landing) as landing,
        -- a row of leaves or assignments names a worker but does not make one
        bool_or(stream = 'workers') as is_worker_row
    from quarantined_rows_of_the_hr_feeds
    group by worker_id
),

person_ids_of_earlier_landings as (
    select worker_id, max(person_id) as person_id
    from staging.worker_emails
    group by worker_id
),

workers_known_by_a_quarantined_row_alone as (
    select q.worker_id, coalesce(e.person_id, q.worker_id) as person_key, q.source, q.landing
    from workers_with_a_quarantined_row as q
    left anti join workers_with_a_spell as w on q.worker_id = w.worker_id
    left join person_ids_of_earlier_landings as e on q.worker_id = e.worker_id
    where q.is_worker_row
),

final as (
    select
        w.worker_id,
        w.person_key,
        true as has_spell,
        q.worker_id is not null as has_quarantined_row,
        w.source,
        w.landing
    from workers_with_a_spell as w
    left join workers_with_a_quarantined_row as q on w.worker_id = q.worker_id
    union all
    select worker_id, person_key, false as has_spell, true as has_quarantined_row, source, landing
    from workers_known_by_a_quarantined_row_alone
)

select worker_id, person_key, has_spell, has_quarantined_row, source, landing
from final
