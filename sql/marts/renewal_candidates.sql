-- A row is a candidate whose seat a contract in force carries, and how far its saving has come. States follow each
-- other and are never added up: identified -> accepted -> executed -> contracted -> realised.
with final as (
    select
        candidate.candidate_id, seat.contract_id, candidate.app_id, candidate.sku_id,
        coalesce(seat.annual_currency, 'XXX') as currency, candidate.action, candidate.reason, candidate.target_sku_id,
        candidate.target_tier, coalesce(seat.practice, 'none') as practice, coalesce(seat.region, 'none') as region,
        candidate.episode_from, candidate.due_on, $as_of - candidate.episode_from as open_days,
        candidate.savings_state, candidate.savings_state <> 'identified' as is_accepted,
        candidate.is_cash_releasing, candidate.cash_on,
        candidate.annual_saving_amount, project.reporting_currency, candidate.policy_version_id
    from policy.candidates as candidate
    cross join config.project as project
    inner join marts.seat_usage as seat
        on candidate.app_id = seat.app_id
        and candidate.account_id = seat.account_id
        and candidate.sku_id = seat.sku_id
    where seat.contract_id is not null
)

select
    candidate_id, contract_id, app_id, sku_id, currency, action, reason, target_sku_id, target_tier, practice, region,
    episode_from, due_on, open_days, savings_state, is_accepted, is_cash_releasing, cash_on, annual_saving_amount,
    reporting_currency, policy_version_id
from final
