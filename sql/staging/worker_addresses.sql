-- One row per worker id and spelling of a work e-mail address in any complete landing of the HR feeds: what tells since
-- when it was theirs. Goes on from an earlier run.
with addresses_as_landed as (
    select
        source, worker_id, coalesce(email, '') as email, nullif(trim(person_id), '') as person_id,
        extract_date as first_seen_on, email_valid_from as stated_from, start_on as spell_start_on
    from fresh.workday_workers
    where worker_id is not null
    union all
    select
        source, worker_id, coalesce(email, '') as email, nullif(trim(person_id), '') as person_id,
        extract_date as first_seen_on, email_valid_from as stated_from, start_on as spell_start_on
    from fresh.bamboohr_workers
    where worker_id is not null
    union all
    select source, worker_id, email, person_id, first_seen_on, stated_from, spell_start_on
    from before.staging_worker_addresses
),

final as (
    select
        source, worker_id, email, max(person_id) as person_id, min(first_seen_on) as first_seen_on,
        min(stated_from) as stated_from, min(spell_start_on) as spell_start_on
    from addresses_as_landed
    group by source, worker_id, email
)

select source, worker_id, email, person_id, first_seen_on, stated_from, spell_start_on
from final
