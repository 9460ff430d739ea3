-- A row is a candidate of this run or of the run before: new, continuing, or gone, and then why.
-- What policy.candidate_changes finds, and review.candidates rests on, kept for readers.
with final as (
    select
        candidate_id, app_id, account_id, sku_id, person_key, action, episode_from, change, earlier_reason,
        current_verdict, current_reason, current_action, cause, annual_saving_amount, reporting_currency,
        compared_with_on
    from policy.candidate_changes
)

select
    candidate_id, app_id, account_id, sku_id, person_key, action, episode_from, change, earlier_reason,
    current_verdict, current_reason, current_action, cause, annual_saving_amount, reporting_currency, compared_with_on
from final
