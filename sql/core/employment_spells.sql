-- One employment spell of one worker id, with the person it belongs to. Where two HR sources tell the same spell, the
-- one that ends last is kept: no source makes a leaver of whom another still employs.
with status_words_that_say_no_more_than_the_dates as (
    select regexp_replace(fold_text(status), '[ _-]+', ' ', 'g') as status_words
    from seeds.worker_statuses
    union
    select status_words
    from (
        values
        ('active'), ('full time'), ('part time'), ('contingent'), ('contractor'), ('on leave'), ('leave'),
        ('leave of absence'), ('pre hire'), ('prehire'), ('future hire'), ('terminated'), ('inactive'), ('resigned'),
        ('retired')
    ) as words_of_every_project (status_words)
),

person_of_each_worker as (
    -- rows of one worker may lack the person id that others of it carry
    select worker_id, coalesce(max(person_id), worker_id) as person_key
    from staging.worker_spells
    group by worker_id
),

spells_by_how_late_they_end as (
    select
        s.worker_id,
        s.effective_from,
        s.effective_to,
        p.person_key,
        s.display_name,
        s.email,
        s.worker_type,
        s.status,
        -- what any other word ("garden leave") means for the person is not ours to guess: it protects
        s.status_words is null or k.status_words is not null as is_status_known,
        coalesce(s.is_primary, false) as is_primary,
        s.effective_from <= $as_of and ($as_of < s.effective_to or s.effective_to is null) as is_active,
        s.manager_worker_id,
        s.cost_center_id,
        s.practice,
        s.region,
        s.country,
        s.job_family,
        s.source,
        s.landing,
        row_number() over (
            partition by s.worker_id, s.effective_from
            order by s.effective_to desc nulls first, s.source
        ) as place
    from staging.worker_spells as s
    inner join person_of_each_worker as p on s.worker_id = p.worker_id
    left join status_words_that_say_no_more_than_the_dates as k on k.status_words = s.status_words
),

final as (
    select
        worker_id, effective_from, effective_to, person_key, display_name, email, worker_type, status,
        is_status_known, is_primary, is_active, manager_worker_id, cost_center_id, practice, region, country,
        job_family, source, landing
    from spells_by_how_late_they_end
    where place = 1
)

select
    worker_id, effective_from, effective_to, person_key, display_name, email, worker_type, status, is_status_known,
    is_primary, is_active, manager_worker_id, cost_center_id, practice, region, country, job_family, source, landing
from final
