-- A row is the candidates of an app that wait for somebody, by what they wait for and how long they have.
with candidates_that_wait as (
    select
        app_id,
        case
            when state in ('open', 'notified') then 'answer'
            when state = 'accepted' and is_checker_required then 'second_person'
            when state in ('accepted', 'approved', 'reopened') then 'export'
            when state = 'exported' then 'desk'
            else 'proof'
        end as waits_for,
        case
            when state in ('open', 'notified') then $as_of - opened_on
            else $as_of - state_on
        end as waiting_days,
        state in ('open', 'notified') and due_on < $as_of as is_overdue,
        step,
        annual_saving_amount
    from review.candidates
    where closed_on is null
),

final as (
    select
        w.app_id,
        w.waits_for,
        case
            when w.waiting_days <= 7 then '0-7'
            when w.waiting_days <= 14 then '8-14'
            when w.waiting_days <= 30 then '15-30'
            when w.waiting_days <= 90 then '31-90'
            else '90+'
        end as waiting_days_band,
        count(*) as candidate_count,
        count(*) filter (where w.is_overdue) as overdue_count,
        count(*) filter (where w.step > 0) as escalated_count,
        max(w.waiting_days) as longest_waiting_days,
        sum(w.annual_saving_amount) as annual_saving_amount,
        max(r.reporting_currency) as reporting_currency
    from candidates_that_wait as w
    cross join config.project as r
    group by 1, 2, 3
)

select
    app_id, waits_for, waiting_days_band, candidate_count, overdue_count, escalated_count, longest_waiting_days,
    annual_saving_amount, reporting_currency
from final
