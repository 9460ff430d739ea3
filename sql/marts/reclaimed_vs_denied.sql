-- A row is a practice in a region and what became of the candidates of its people within 396 days. Groups of fewer than
-- five people are one row; where that row would still show fewer than five, the smallest other groups are in it too, so
-- that nothing can be told by subtraction.
with candidates_of_people as (
    select
        coalesce(p.practice, '(none)') as practice,
        coalesce(p.region, '(none)') as region,
        coalesce(c.person_key, c.app_id || '/' || c.account_id) as holder,
        c.state,
        c.decision,
        c.executed_on
    from review.candidates as c
    left join core.persons as p on p.person_key = c.person_key
),

people_of_groups as (
    select practice, region, count(distinct holder) as people_count
    from candidates_of_people
    group by practice, region
),

what_small_groups_are as (
    select
        coalesce(sum(people_count) filter (where people_count < 5), 0) as people_of_small_groups,
        min(people_count) filter (where people_count >= 5) as smallest_other_count
    from people_of_groups
),

groups_shown as (
    select
        g.practice,
        g.region,
        g.people_count < 5
        or (s.people_of_small_groups between 1 and 4 and g.people_count = s.smallest_other_count) as is_small
    from people_of_groups as g
    cross join what_small_groups_are as s
),

counts as (
    select
        case when g.is_small then '(small groups)' else c.practice end as practice,
        case when g.is_small then '(small groups)' else c.region end as region,
        count(distinct c.holder) as people_count,
        count(*) as candidate_count,
        count(*) filter (where c.state in ('open', 'notified')) as undecided_count,
        count(*) filter (where c.decision = 'accepted') as accepted_count,
        count(*) filter (where c.decision = 'denied') as denied_count,
        count(*) filter (where c.decision = 'held') as held_count,
        count(*) filter (where c.decision = 'self_confirmed') as self_confirmed_count,
        count(*) filter (where c.decision = 'expired') as expired_count,
        count(*) filter (where c.state = 'withdrawn') as withdrawn_count,
        count(*) filter (where c.state in ('executed', 'verified')) as carried_out_count,
        count(*) filter (where c.state = 'rolled_back') as rolled_back_count
    from candidates_of_people as c
    inner join groups_shown as g
        on g.practice = c.practice
        and g.region = c.region
    group by 1, 2
),

final as (
    select
        practice,
        region,
        people_count < 5 as is_suppressed,
        case when people_count >= 5 then people_count end as people_count,
        case when people_count >= 5 then candidate_count end as candidate_count,
        case when people_count >= 5 then undecided_count end as undecided_count,
        case when people_count >= 5 then accepted_count end as accepted_count,
        case when people_count >= 5 then denied_count end as denied_count,
        case when people_count >= 5 then held_count end as held_count,
        case when people_count >= 5 then self_confirmed_count end as self_confirmed_count,
        case when people_count >= 5 then expired_count end as expired_count,
        case when people_count >= 5 then withdrawn_count end as withdrawn_count,
        case when people_count >= 5 then carried_out_count end as carried_out_count,
        case when people_count >= 5 then rolled_back_count end as rolled_back_count
    from counts
)

select
    practice, region, is_suppressed, people_count, candidate_count, undecided_count, accepted_count, denied_count,
    held_count, self_confirmed_count, expired_count, withdrawn_count, carried_out_count, rolled_back_count
from final
