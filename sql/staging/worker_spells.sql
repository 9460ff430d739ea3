-- One employment spell of one worker id, from the newest complete landing of the HR feeds. The sources give the last
-- day inside; effective_to is the first day outside.
with worker_rows_of_every_source as (
    select
        source, landing, worker_id, person_id, email, display_name, worker_type, status, start_on, end_on, manager_id,
        cost_center_id, practice, region, country, job_family, is_primary, email_valid_from
    from raw.workday_workers
    union all
    select
        source, landing, worker_id, person_id, email, display_name, worker_type, status, start_on, end_on, manager_id,
        cost_center_id, practice, region, country, job_family, is_primary, email_valid_from
    from raw.bamboohr_workers
),

rows_with_one_spelling_of_the_status as (
    select
        source, landing, worker_id, person_id, email, display_name, worker_type, status, start_on, end_on, manager_id,
        cost_center_id, practice, region, country, job_family, is_primary, email_valid_from,
        regexp_replace(fold_text(status), '[ _-]+', ' ', 'g') as status_words
    from worker_rows_of_every_source
),

final as (
    select
        source,
        worker_id,
        nullif(trim(person_id), '') as person_id,
        email,
        display_name,
        worker_type,
        status,
        status_words,
        start_on as effective_from,
        end_on + 1 as effective_to,
        nullif(trim(manager_id), '') as manager_worker_id,
        cost_center_id,
        practice,
        region,
        country,
        job_family,
        is_primary,
        email_valid_from,
        landing
    from rows_with_one_spelling_of_the_status
)

select
    source, worker_id, person_id, email, display_name, worker_type, status, status_words, effective_from,
    effective_to, manager_worker_id, cost_center_id, practice, region, country, job_family, is_primary,
    email_valid_from, landing
from final
