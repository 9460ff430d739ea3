-- One person: all employment spells of one human, spoken for by one of them. A person whose every HR row was
-- quarantined, or whose rows cannot be read safely, is here too and marked.
with spells_by_who_speaks as (
    select
        person_key,
        worker_id,
        display_name,
        fold_text(email) as email_folded,
        worker_type,
        region,
        country,
        practice,
        job_family,
        cost_center_id,
        manager_worker_id,
        source,
        landing,
        -- of the active spells the primary one, then the newest; for a leaver the one that ended last; for a joiner
        -- the one that starts first
        row_number() over (
            partition by person_key
            order by
                case when is_active then 0 when effective_to <= $as_of then 1 else 2 end,
                case when not is_active and effective_to <= $as_of then effective_to end desc nulls last,
                case when is_active and is_primary then 0 else 1 end,
                case when effective_from > $as_of then effective_from end nulls last,
                effective_from desc,
                worker_id desc
        ) as place
    from core.employment_spells
),

speaking_spell_of_each_person as (
    select
        person_key, worker_id, display_name, email_folded, worker_type, region, country, practice, job_family,
        cost_center_id, manager_worker_id, source, landing
    from spells_by_who_speaks
    where place = 1
),

spells_summed_by_person as (
    select
        person_key,
        bool_or(is_active) as is_active,
        max(case when effective_to <= $as_of then effective_to end) as terminated_on,
        min(case when effective_from > $as_of then effective_from end) as next_start_on,
        bool_or(not is_status_known) as has_unknown_status
    from core.employment_spells
    group by person_key
),

workers_summed_by_person as (
    select
        person_key,
        array_to_string(array_sort(array_agg(worker_id)), '|') as worker_ids,
        max(worker_id) as highest_worker_id,
        bool_or(has_quarantined_row) as has_quarantined_row,
        min(source) as source,
        max(landing) as landing
    from core.workers
    group by person_key
),

persons_with_overlapping_leaves as (
    -- two leaves of one worker at once cannot both be right; an end nobody stated proves nothing
    select a.person_key
    from core.leaves as a
    inner join core.leaves as b on a.source = b.source and a.worker_id = b.worker_id
    where
        a.leave_id < b.leave_id
        and a.leave_from < b.leave_to
        and b.leave_from < a.leave_to
        and not a.is_open_ended
        and not b.is_open_ended
    group by a.person_key
),

newest_valid_address_of_each_person as (
    select person_key, first_value(email_folded order by valid_from desc, email_folded) as email_folded
    from core.person_emails
    where valid_from <= $as_of
    group by person_key
),

words_for_each_cost_center as (
    -- HR names a cost center by id, code or name, as the author of the report liked
    select fold_text(cost_center_id) as word, cost_center_id
    from staging.cost_centers
    union
    select fold_text(code) as word, cost_center_id
    from staging.cost_centers
    union
    select fold_text(name) as word, cost_center_id
    from staging.cost_centers
),

words_for_exactly_one_cost_center as (
    select word, max(cost_center_id) as cost_center_id
    from words_for_each_cost_center
    where word is not null
    group by word
    having count(*) = 1
),

final as (
    select
        w.person_key,
        w.worker_ids,
        s.display_name,
        -- the address HR shows now, once its validity has begun; else the newest that has
        coalesce(shown.email_folded, newest.email_folded) as work_email,
        coalesce(p.is_active, false) as is_active,
        coalesce(not p.is_active and p.terminated_on is not null, false) as is_terminated,
        p.terminated_on is not null as has_ended_spell,
        p.terminated_on,
        p.next_start_on,
        coalesce(s.worker_id, w.highest_worker_id) as primary_worker_id,
        s.worker_type,
        s.region,
        s.country,
        s.practice,
        s.job_family,
        coalesce(c.cost_center_id, s.cost_center_id) as cost_center_id,
        m.person_key as manager_person_key,
        w.has_quarantined_row or coalesce(p.has_unknown_status, false) or o.person_key is not null
            as has_quarantined_row,
        case
            when w.has_quarantined_row then 'quarantined_row'
            when p.has_unknown_status then 'unknown_status'
            when o.person_key is not null then 'overlapping_leaves'
        end as quarantine_reason,
        coalesce(s.source, w.source) as source,
        coalesce(s.landing, w.landing) as landing
    from workers_summed_by_person as w
    left join speaking_spell_of_each_person as s on w.person_key = s.person_key
    left join spells_summed_by_person as p on w.person_key = p.person_key
    left join persons_with_overlapping_leaves as o on w.person_key = o.person_key
    left join newest_valid_address_of_each_person as newest on w.person_key = newest.person_key
    left join core.person_emails as shown
        on s.person_key = shown.person_key and s.email_folded = shown.email_folded and shown.valid_from <= $as_of
    left join words_for_exactly_one_cost_center as c on fold_text(s.cost_center_id) = c.word
    left join core.workers as m on s.manager_worker_id = m.worker_id
)

select
    person_key, worker_ids, display_name, work_email, is_active, is_terminated, has_ended_spell, terminated_on,
    next_start_on, primary_worker_id, worker_type, region, country, practice, job_family, cost_center_id,
    manager_person_key, has_quarantined_row, quarantine_reason, source, landing
from final
