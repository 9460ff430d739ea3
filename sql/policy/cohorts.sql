-- One row per combination of what overrides can name in a person (worker type, region, practice and job family; '' is
-- unknown), with the cohort it belongs to: people whom no policy tells apart. What no override in force, no price and
-- no suspension names is like any other ('*'), so cohorts are few however many people there are. An account without a
-- person is of cohort 0: nothing names it.
with overrides_in_force as (
    select
        o.worker_type,
        o.region,
        o.practice,
        o.job_family
    from policy.effective_policies as v
    inner join policies.overrides as o
        on o.app_id = v.app_id
        and o.policy_version_id = v.policy_version_id
),

worker_types_named as (
    select worker_type from overrides_in_force
    union
    select worker_type from core.suspend_worker_types
),

regions_named as (
    select region from overrides_in_force
    union
    select region from core.sku_prices
),

practices_named as (
    select distinct practice from overrides_in_force
),

job_families_named as (
    select distinct job_family from overrides_in_force
),

combinations_of_hr as (
    select distinct
        coalesce(worker_type, '') as worker_type,
        coalesce(region, '') as region,
        coalesce(practice, '') as practice,
        coalesce(job_family, '') as job_family
    from core.persons
),

combinations_as_policies_see_them as (
    select
        c.worker_type,
        c.region,
        c.practice,
        c.job_family,
        case when c.worker_type <> '' then coalesce(w.worker_type, '*') else '*' end as named_worker_type,
        case when c.region <> '' then coalesce(r.region, '*') else '*' end as named_region,
        case when c.practice <> '' then coalesce(p.practice, '*') else '*' end as named_practice,
        case when c.job_family <> '' then coalesce(j.job_family, '*') else '*' end as named_job_family
    from combinations_of_hr as c
    left join worker_types_named as w on w.worker_type = c.worker_type
    left join regions_named as r on r.region = c.region
    left join practices_named as p on p.practice = c.practice
    left join job_families_named as j on j.job_family = c.job_family
),

cohorts_that_something_names as (
    select
        named_worker_type,
        named_region,
        named_practice,
        named_job_family,
        row_number() over (order by named_worker_type, named_region, named_practice, named_job_family) as cohort_number
    from combinations_as_policies_see_them
    where named_worker_type <> '*'
        or named_region <> '*'
        or named_practice <> '*'
        or named_job_family <> '*'
    group by named_worker_type, named_region, named_practice, named_job_family
),

final as (
    select
        c.worker_type,
        c.region,
        c.practice,
        c.job_family,
        coalesce(n.cohort_number, 0) as cohort_number,
        c.named_worker_type,
        c.named_region,
        c.named_practice,
        c.named_job_family
    from combinations_as_policies_see_them as c
    left join cohorts_that_something_names as n
        on n.named_worker_type = c.named_worker_type
        and n.named_region = c.named_region
        and n.named_practice = c.named_practice
        and n.named_job_family = c.named_job_family
)

select
    worker_type,
    region,
    practice,
    job_family,
    cohort_number,
    named_worker_type,
    named_region,
    named_practice,
    named_job_family
from final
