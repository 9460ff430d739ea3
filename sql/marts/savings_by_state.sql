-- A row is the savings of an app in one state. States are never added: the same candidate goes from one to the next.
with final as (
    select
        c.savings_state,
        c.app_id,
        c.action,
        c.is_cash_releasing,
        count(*) as candidate_count,
        sum(c.annual_saving_amount) as annual_saving_amount,
        max(r.reporting_currency) as reporting_currency,
        count(*) filter (where c.annual_saving_amount is null) as unpriced_count,
        min(c.cash_on) as next_cash_on
    from review.candidates as c
    cross join config.project as r
    where c.savings_state is not null
    group by c.savings_state, c.app_id, c.action, c.is_cash_releasing
)

select
    savings_state, app_id, action, is_cash_releasing, candidate_count, annual_saving_amount, reporting_currency,
    unpriced_count, next_cash_on
from final
