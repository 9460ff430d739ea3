-- One row per candidate that is not closed and step of its ladder: who is asked first (0), whom the question goes to
-- without an answer (1: the approver's manager, 2: that one's manager), and who ends it (3: the app owner). A step that
-- nobody can take has no row. Never the subject, nor anybody only the subject answers to: of the approver's superiors
-- those count who are active and come before the subject, at most 10 steps up; superiors who lead back to the approver
-- (self, a cycle) are none.
with recursive candidates_to_decide as (
    select
        c.candidate_id,
        c.app_id,
        c.account_id,
        c.sku_id,
        c.person_key,
        c.approver_person_key,
        c.approver_email,
        c.approver_route,
        fold_text(s.work_email) as person_email_folded
    from review.candidates as c
    left join core.persons as s on s.person_key = c.person_key
    where c.closed_on is null
),

approvers_and_subjects as (
    select distinct
        approver_person_key,
        coalesce(person_key, '') as subject_person_key
    from candidates_to_decide
    where approver_person_key is not null
),

approvers_once as (
    select distinct approver_person_key
    from approvers_and_subjects
),

superiors as (
    select
        a.approver_person_key,
        p.manager_person_key,
        1 as hop
    from approvers_once as a
    inner join core.persons as p on p.person_key = a.approver_person_key
    where p.manager_person_key is not null
    union all
    select
        s.approver_person_key,
        m.manager_person_key,
        s.hop + 1 as hop
    from superiors as s
    inner join core.persons as m on m.person_key = s.manager_person_key
    where s.hop < 10
        and m.manager_person_key is not null
        and s.manager_person_key <> s.approver_person_key
),

chains_of_command as (
    select
        approver_person_key,
        manager_person_key,
        min(hop) as hop
    from superiors
    group by approver_person_key, manager_person_key
),

chains_cut as (
    select
        a.approver_person_key,
        a.subject_person_key,
        min(case when c.manager_person_key = a.approver_person_key then 0 else c.hop end) as cut_hop
    from approvers_and_subjects as a
    inner join chains_of_command as c on c.approver_person_key = a.approver_person_key
    where c.manager_person_key in (a.approver_person_key, a.subject_person_key)
    group by a.approver_person_key, a.subject_person_key
),

superiors_who_count as (
    select
        a.approver_person_key,
        a.subject_person_key,
        c.manager_person_key,
        c.hop
    from approvers_and_subjects as a
    inner join chains_of_command as c on c.approver_person_key = a.approver_person_key
    inner join core.persons as m on m.person_key = c.manager_person_key
    left join chains_cut as k
        on k.approver_person_key = a.approver_person_key
        and k.subject_person_key = a.subject_person_key
    where m.is_active
        and (k.cut_hop is null or c.hop < k.cut_hop)
),

first_superiors as (
    select
        approver_person_key,
        subject_person_key,
        min(hop) as hop
    from superiors_who_count
    group by approver_person_key, subject_person_key
),

second_superiors as (
    select
        s.approver_person_key,
        s.subject_person_key,
        min(s.hop) as hop
    from superiors_who_count as s
    inner join first_superiors as f
        on f.approver_person_key = s.approver_person_key
        and f.subject_person_key = s.subject_person_key
    where s.hop > f.hop
    group by s.approver_person_key, s.subject_person_key
),

steps_up as (
    select approver_person_key, subject_person_key, hop, 1 as step
    from first_superiors
    union all
    select approver_person_key, subject_person_key, hop, 2 as step
    from second_superiors
),

people_by_email as (
    select
        email_folded,
        min(person_key) as person_key
    from core.person_emails
    group by email_folded
    having count(distinct person_key) = 1
),

-- If the seat is the owner's own, whoever answers for the policy ends it.
last_resorts as (
    select
        c.candidate_id,
        case
            when fold_text(a.owner_email) = c.person_email_folded then coalesce(v.owner_email, a.owner_email)
            else a.owner_email
        end as email
    from candidates_to_decide as c
    inner join core.apps as a on a.app_id = c.app_id
    left join policy.effective_policies as v on v.app_id = c.app_id
),

ladders as (
    select
        candidate_id,
        0 as step,
        approver_person_key as person_key,
        approver_email as email,
        approver_route as route
    from candidates_to_decide
    union all
    select
        c.candidate_id,
        u.step,
        m.person_key,
        m.work_email as email,
        'manager_chain' as route
    from candidates_to_decide as c
    inner join steps_up as u
        on u.approver_person_key = c.approver_person_key
        and u.subject_person_key = coalesce(c.person_key, '')
    inner join superiors_who_count as s
        on s.approver_person_key = u.approver_person_key
        and s.subject_person_key = u.subject_person_key
        and s.hop = u.hop
    inner join core.persons as m on m.person_key = s.manager_person_key
    union all
    select
        l.candidate_id,
        3 as step,
        p.person_key,
        l.email,
        'app_owner' as route
    from last_resorts as l
    left join people_by_email as p on p.email_folded = fold_text(l.email)
),

final as (
    select
        l.candidate_id,
        l.step,
        c.app_id,
        c.account_id,
        c.sku_id,
        l.person_key,
        l.email,
        l.route
    from ladders as l
    inner join candidates_to_decide as c on c.candidate_id = l.candidate_id
    where coalesce(l.person_key, '') <> coalesce(c.person_key, '-')
        and (l.email is null or c.person_email_folded is null or fold_text(l.email) <> c.person_email_folded)
)

select
    candidate_id,
    step,
    app_id,
    account_id,
    sku_id,
    person_key,
    email,
    route
from final
