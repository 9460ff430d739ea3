-- One row per person with a candidate seat: who decides by way of people (managers, then the cost-center owner).
-- The app owner, who always exists, is the last resort and depends on the seat: see policy.candidates.
-- Managers that lead back to the person (self, a cycle) decide nothing: the person would be their superior.
with recursive people_to_decide_for as (
    select distinct person_key
    from policy.evaluations
    where verdict = 'candidate'
        and person_key is not null
),

chains_of_command as (
    select
        d.person_key,
        p.manager_person_key,
        1 as hop
    from people_to_decide_for as d
    inner join core.persons as p on p.person_key = d.person_key
    where p.manager_person_key is not null
    union all
    select
        c.person_key,
        m.manager_person_key,
        c.hop + 1 as hop
    from chains_of_command as c
    inner join core.persons as m on m.person_key = c.manager_person_key
    where c.hop < 10
        and m.manager_person_key is not null
        and c.manager_person_key <> c.person_key
),

chains_judged as (
    select
        c.person_key,
        bool_or(c.manager_person_key = c.person_key) as is_cycle,
        min(c.hop) filter (where m.is_active) as nearest_hop
    from chains_of_command as c
    left join core.persons as m on m.person_key = c.manager_person_key
    group by c.person_key
),

nearest_active_managers as (
    select
        j.person_key,
        c.manager_person_key,
        c.hop,
        m.work_email
    from chains_judged as j
    inner join chains_of_command as c
        on c.person_key = j.person_key
        and c.hop = j.nearest_hop
    inner join core.persons as m on m.person_key = c.manager_person_key
    where not j.is_cycle
),

-- An owner known to HR must be active; one known by address alone is taken at the word of the cost-center list.
cost_center_owners as (
    select
        d.person_key,
        k.owner_person_key,
        coalesce(k.owner_email, o.work_email) as owner_email
    from people_to_decide_for as d
    inner join core.persons as p on p.person_key = d.person_key
    inner join core.cost_centers as k on k.cost_center_id = p.cost_center_id
    left join core.persons as o on o.person_key = k.owner_person_key
    where case
        when k.owner_person_key is not null then o.is_active and k.owner_person_key <> d.person_key
        else k.owner_email is not null
            and coalesce(fold_text(k.owner_email) <> fold_text(p.work_email), true)
    end
),

final as (
    select
        d.person_key,
        fold_text(p.work_email) as person_email_folded,
        case when m.person_key is not null then m.manager_person_key else o.owner_person_key end
            as approver_person_key,
        case when m.person_key is not null then m.work_email else o.owner_email end as approver_email,
        case
            when m.hop = 1 then 'manager'
            when m.hop > 1 then 'manager_chain'
            when o.person_key is not null then 'cost_center_owner'
        end as approver_route,
        m.hop as manager_hops
    from people_to_decide_for as d
    left join core.persons as p on p.person_key = d.person_key
    left join nearest_active_managers as m on m.person_key = d.person_key
    left join cost_center_owners as o on o.person_key = d.person_key
)

select
    person_key,
    person_email_folded,
    approver_person_key,
    approver_email,
    approver_route,
    manager_hops
from final
