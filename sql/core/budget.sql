-- A row is what may be spent on a contract in a month and currency, and that in the reporting currency at budget
-- rates, else at the project's.
with final as (
    select
        coalesce(contract.contract_id, budget.contract_number) as contract_id,
        contract.contract_id is not null as is_in_force, budget.month, budget.currency, budget.amount,
        convert_money(
            budget.amount, coalesce(planned.currency_rate, case when rate.is_usable then rate.currency_rate end),
            coalesce(planned.reporting_rate, case when rate.is_usable then rate.reporting_rate end)
        ) as reporting_amount,
        project.reporting_currency
    from seeds.budget as budget
    cross join config.project as project
    left join core.contracts as contract
        on budget.contract_number = coalesce(contract.contract_number, contract.contract_id)
    left join core.fx_rates as planned on budget.currency = planned.currency and planned.rate_set = 'budget'
    left join core.fx_rates as rate on budget.currency = rate.currency and project.rate_set = rate.rate_set
)

select
    contract_id, is_in_force, month, currency, amount, reporting_amount, reporting_currency
from final
