-- One row per job family whose holders' seats need a second, different person to approve (maker-checker).
with roles_named_by_the_project as (
    select distinct job_family
    from seeds.critical_roles
    where job_family is not null
),

final as (
    select job_family
    from roles_named_by_the_project
)

select job_family
from final
