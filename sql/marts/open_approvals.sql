-- A row is somebody who has to answer, and what waits for the answer. Who was asked last counts; before anybody was
-- asked, the approver of the candidate.
with questions as (
    select
        c.app_id,
        c.step,
        c.due_on,
        c.opened_on,
        c.asked_at is not null as is_asked,
        coalesce(c.asked_approver_key, pseudonym(c.approver_person_key), 'owner of ' || c.app_id) as approver_key,
        c.annual_saving_amount
    from review.candidates as c
    where c.state in ('open', 'notified')
),

final as (
    select
        q.approver_key,
        count(*) as candidate_count,
        count(*) filter (where q.is_asked) as asked_count,
        count(*) filter (where q.due_on < $as_of) as overdue_count,
        count(*) filter (where q.step > 0) as escalated_count,
        count(distinct q.app_id) as app_count,
        min(q.due_on) as next_due_on,
        min(q.opened_on) as oldest_opened_on,
        sum(q.annual_saving_amount) as annual_saving_amount,
        max(r.reporting_currency) as reporting_currency
    from questions as q
    cross join config.project as r
    group by q.approver_key
)

select
    approver_key, candidate_count, asked_count, overdue_count, escalated_count, app_count, next_due_on,
    oldest_opened_on, annual_saving_amount, reporting_currency
from final
