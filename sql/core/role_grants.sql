-- A row is a person at work who is expected to have an app because of their role (seeds/role_grants.csv) and has an
-- active Okta account, with whether they hold a seat of it. What is empty in the seed is any.
with roles_named_by_the_project as (
    select
        app_id, fold_text(practice) as practice_folded, fold_text(job_family) as job_family_folded,
        fold_text(worker_type) as worker_type_folded
    from seeds.role_grants
),

people_at_work as (
    select
        p.person_key, fold_text(p.practice) as practice_folded, fold_text(p.job_family) as job_family_folded,
        fold_text(p.worker_type) as worker_type_folded, min(a.account_id) as okta_account_id
    from core.persons as p
    inner join core.identity_crosswalk as x on x.person_key = p.person_key and x.system = 'okta'
    inner join core.accounts as a on a.system = 'okta' and a.account_id = x.account_id
    where p.is_active and not p.has_quarantined_row and a.is_active and a.account_type is null
    group by p.person_key, p.practice, p.job_family, p.worker_type
),

-- the rules are few
people_expected as (
    select distinct r.app_id, p.person_key, p.okta_account_id
    from people_at_work as p
    cross join roles_named_by_the_project as r
    where coalesce(r.practice_folded, p.practice_folded, '') = coalesce(p.practice_folded, '')
        and coalesce(r.job_family_folded, p.job_family_folded, '') = coalesce(p.job_family_folded, '')
        and coalesce(r.worker_type_folded, p.worker_type_folded, '') = coalesce(p.worker_type_folded, '')
),

holders as (
    select distinct app_id, person_key
    from core.seats
    where person_key is not null
),

apps_judged as (
    select n.app_id
    from core.app_sources as n
    inner join core.source_status as s on s.source = n.source and s.stream = n.stream
    where n.need = 'assignment' or (n.need = 'hr' and n.stream = 'workers')
    group by n.app_id
    having bool_and(s.has_landed and not s.is_stale and not s.is_partial)
),

final as (
    select
        e.app_id, e.person_key, e.okta_account_id,
        h.person_key is not null as is_held,
        j.app_id is not null as is_judged
    from people_expected as e
    left join holders as h on h.app_id = e.app_id and h.person_key = e.person_key
    left join apps_judged as j on j.app_id = e.app_id
)

select app_id, person_key, okta_account_id, is_held, is_judged
from final
