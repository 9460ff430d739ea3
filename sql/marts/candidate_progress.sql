-- A row is a candidate and how far it got. What it once reached it keeps, whatever became of it afterwards.
with final as (
    select
        c.candidate_id,
        c.app_id,
        c.person_key,
        coalesce(c.person_key, c.app_id || '/' || c.account_id) as holder,
        coalesce(c.asked_approver_key, pseudonym(c.approver_person_key), 'owner of ' || c.app_id) as approver_key,
        case
            when c.state = 'verified' then 8
            when c.executed_on is not null then 7
            when c.exported_at is not null then 6
            when c.state = 'approved' or (c.state = 'accepted' and not c.is_checker_required) then 5
            when c.decision = 'accepted' then 4
            when c.decision <> 'expired' then 3
            when c.decision = 'expired' or c.asked_at is not null then 2
            else 1
        end as position,
        c.closed_on is null as is_waiting,
        c.reclaim_consequence in ('data_deleted', 'hold_broken') as is_destructive,
        c.annual_saving_amount
    from review.candidates as c
)

select
    candidate_id, app_id, person_key, holder, approver_key, position, is_waiting, is_destructive, annual_saving_amount
from final
