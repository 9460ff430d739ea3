-- A row is a practice, a region or somebody who decides, and how far their candidates got. Practices and regions of
-- fewer than five people are one row; where that row would still show fewer than five, the smallest other groups are
-- in it too, and where even that is not enough it shows nothing, so that no count is about a few people.
with candidates_of_groups as (
    select 'practice' as grouped_by, coalesce(p.practice, '(none)') as group_name, c.holder, c.position, c.is_waiting,
        c.annual_saving_amount
    from marts.candidate_progress as c
    left join core.persons as p on p.person_key = c.person_key
    union all
    select 'region' as grouped_by, coalesce(p.region, '(none)') as group_name, c.holder, c.position, c.is_waiting,
        c.annual_saving_amount
    from marts.candidate_progress as c
    left join core.persons as p on p.person_key = c.person_key
),

people_of_groups as (
    select grouped_by, group_name, count(distinct holder) as people_count
    from candidates_of_groups
    group by grouped_by, group_name
),

what_small_groups_are as (
    select
        grouped_by,
        coalesce(sum(people_count) filter (where people_count < 5), 0) as people_of_small_groups,
        min(people_count) filter (where people_count >= 5) as smallest_other_count
    from people_of_groups
    group by grouped_by
),

groups_shown as (
    select
        g.grouped_by,
        g.group_name,
        case
            when g.people_count < 5
                or (s.people_of_small_groups between 1 and 4 and g.people_count = s.smallest_other_count)
                then '(small groups)'
            else g.group_name
        end as shown_as
    from people_of_groups as g
    inner join what_small_groups_are as s on s.grouped_by = g.grouped_by
),

candidates_as_shown as (
    select
        c.grouped_by, g.shown_as as group_name, c.holder, c.position, c.is_waiting, c.annual_saving_amount
    from candidates_of_groups as c
    inner join groups_shown as g on g.grouped_by = c.grouped_by and g.group_name = c.group_name
    union all
    -- who decides is known to who runs the programme: what waits for them is no secret of theirs
    select 'approver', approver_key, null, position, is_waiting, annual_saving_amount
    from marts.candidate_progress
),

counts as (
    select
        grouped_by,
        group_name,
        count(distinct holder) as people_count,
        count(*) as found_count,
        count(*) filter (where position >= 2) as asked_count,
        count(*) filter (where position >= 3) as answered_count,
        count(*) filter (where position >= 4) as accepted_count,
        count(*) filter (where position >= 5) as approved_count,
        count(*) filter (where position >= 6) as handed_over_count,
        count(*) filter (where position >= 7) as carried_out_count,
        count(*) filter (where position >= 8) as proved_count,
        count(*) filter (where is_waiting) as waiting_count,
        count(*) - count(annual_saving_amount) as unpriced_count,
        coalesce(sum(annual_saving_amount), 0) as annual_saving_amount,
        coalesce(sum(annual_saving_amount) filter (where position >= 7), 0) as carried_out_saving_amount
    from candidates_as_shown
    group by grouped_by, group_name
),

final as (
    select
        c.grouped_by,
        c.group_name,
        not (c.grouped_by = 'approver' or c.people_count >= 5) as is_suppressed,
        case when c.grouped_by <> 'approver' and c.people_count >= 5 then c.people_count end as people_count,
        case when c.grouped_by = 'approver' or c.people_count >= 5 then c.found_count end as found_count,
        case when c.grouped_by = 'approver' or c.people_count >= 5 then c.asked_count end as asked_count,
        case when c.grouped_by = 'approver' or c.people_count >= 5 then c.answered_count end as answered_count,
        case when c.grouped_by = 'approver' or c.people_count >= 5 then c.accepted_count end as accepted_count,
        case when c.grouped_by = 'approver' or c.people_count >= 5 then c.approved_count end as approved_count,
        case when c.grouped_by = 'approver' or c.people_count >= 5 then c.handed_over_count end as handed_over_count,
        case when c.grouped_by = 'approver' or c.people_count >= 5 then c.carried_out_count end as carried_out_count,
        case when c.grouped_by = 'approver' or c.people_count >= 5 then c.proved_count end as proved_count,
        case when c.grouped_by = 'approver' or c.people_count >= 5 then c.waiting_count end as waiting_count,
        case when c.grouped_by = 'approver' or c.people_count >= 5 then c.unpriced_count end as unpriced_count,
        case when c.grouped_by = 'approver' or c.people_count >= 5 then c.annual_saving_amount end
            as annual_saving_amount,
        case when c.grouped_by = 'approver' or c.people_count >= 5 then c.carried_out_saving_amount end
            as carried_out_saving_amount,
        r.reporting_currency
    from counts as c
    cross join config.project as r
)

select
    grouped_by, group_name, is_suppressed, people_count, found_count, asked_count, answered_count, accepted_count,
    approved_count, handed_over_count, carried_out_count, proved_count, waiting_count, unpriced_count,
    annual_saving_amount, carried_out_saving_amount, reporting_currency
from final
