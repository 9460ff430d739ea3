-- A row is a month of a contract: budget, what its invoices accrue, what is still forecast, cash, and the year before;
-- in the reporting currency at one set of rates, so that no month moves for its rate alone. What was never invoiced or
-- budgeted is null, not 0.
with steps as (
    select tens.n * 7 + ones.n as step
    from (values (0), (1), (2), (3), (4), (5)) as tens (n)
    cross join (values (0), (1), (2), (3), (4), (5), (6)) as ones (n)
),

months as (
    select
        make_date(cast(index / 12 as int), cast(index % 12 + 1 as int), 1) as month,
        make_date(cast((index + 1) / 12 as int), cast((index + 1) % 12 + 1 as int), 1) as month_to
    from (
        select
            cast(date_part('year', $as_of) as bigint) * 12 + cast(date_part('month', $as_of) as bigint) - 1 - 24 + step
                as index
        from steps
        where step <= 36
    ) as counted
),

-- what was paid for a day long before its end accrues day by day; rounded at both ends of a month, so that the months
-- of an invoice add up to it exactly
invoices_of_months as (
    select
        invoice.contract_id, month.month,
        round_money(
            invoice.reporting_amount
            * cast(
                greatest(least(month.month_to, invoice.period_to, $as_of + 1) - invoice.period_from, 0) as decimal(7, 0)
            )
            / cast(invoice.period_to - invoice.period_from as decimal(7, 0))
        )
        - round_money(
            invoice.reporting_amount
            * cast(
                greatest(least(month.month, invoice.period_to, $as_of + 1) - invoice.period_from, 0) as decimal(7, 0)
            )
            / cast(invoice.period_to - invoice.period_from as decimal(7, 0))
        ) as accrued_amount
    from core.invoices as invoice
    cross join months as month
    where
        invoice.contract_id is not null and invoice.reporting_amount is not null
        and invoice.period_from < month.month_to and month.month < invoice.period_to and month.month <= $as_of
),

accrued_of_months as (
    select contract_id, month, sum(accrued_amount) as accrued_amount
    from invoices_of_months
    group by contract_id, month
),

cash_of_months as (
    select invoice.contract_id, month.month, sum(invoice.reporting_amount) as cash_amount
    from core.invoices as invoice
    cross join months as month
    where
        invoice.contract_id is not null and month.month <= invoice.due_on and invoice.due_on < month.month_to
    group by invoice.contract_id, month.month
),

budget_of_months as (
    select contract_id, month, sum(reporting_amount) as budget_amount
    from core.budget
    where is_in_force
    group by contract_id, month
),

amounts_of_contracts as (
    select
        bridge.contract_id,
        max(bridge.amount) filter (where bridge.step = 'current') as current_amount,
        max(bridge.amount) filter (where bridge.step = 'proposed') as proposed_amount
    from marts.renewal_bridge as bridge
    where bridge.basis = 'reporting' and bridge.scenario = 'base'
    group by bridge.contract_id
),

-- the rest of this month and the months to come: today's amount until the renewal, the proposed one after it
forecast_of_months as (
    select
        contract.contract_id, month.month, month.month_to,
        round_money(
            amount.current_amount
            * cast(
                greatest(
                    least(month.month_to, coalesce(contract.renewal_on, month.month_to))
                    - greatest(month.month, $as_of + 1), 0
                ) as decimal(7, 0)
            ) / 365
        )
        + round_money(
            amount.proposed_amount
            * cast(
                greatest(
                    month.month_to
                    - greatest(month.month, $as_of + 1, coalesce(contract.renewal_on, month.month_to)), 0
                ) as decimal(7, 0)
            ) / 365
        ) as forecast_amount
    from core.contracts as contract
    left join amounts_of_contracts as amount on contract.contract_id = amount.contract_id
    cross join months as month
),

joined as (
    select
        forecast.contract_id, forecast.month, budget.budget_amount, accrued.accrued_amount as actual_amount,
        case when forecast.month_to > $as_of + 1 then forecast.forecast_amount end as forecast_amount,
        cash.cash_amount, before.accrued_amount as prior_year_amount
    from forecast_of_months as forecast
    left join budget_of_months as budget
        on forecast.contract_id = budget.contract_id and forecast.month = budget.month
    left join accrued_of_months as accrued
        on forecast.contract_id = accrued.contract_id and forecast.month = accrued.month
    left join cash_of_months as cash on forecast.contract_id = cash.contract_id and forecast.month = cash.month
    left join accrued_of_months as before
        on forecast.contract_id = before.contract_id
        and make_date(
            cast(date_part('year', forecast.month) as int) - 1, cast(date_part('month', forecast.month) as int), 1
        ) = before.month
),

compared as (
    select
        *,
        case
            when actual_amount is not null or forecast_amount is not null
                then coalesce(actual_amount, 0) + coalesce(forecast_amount, 0)
        end as expected_amount
    from joined
),

final as (
    select
        month.contract_id, month.month, month.budget_amount, month.actual_amount, month.forecast_amount,
        month.expected_amount, month.expected_amount - month.budget_amount as variance_amount,
        cast((month.expected_amount - month.budget_amount) / nullif(month.budget_amount, 0) as decimal(12, 6))
            as variance_share,
        coalesce(
            month.expected_amount - month.budget_amount > month.budget_amount / 20
            or month.budget_amount - month.expected_amount > month.budget_amount / 20, false
        ) as is_material,
        month.cash_amount, month.prior_year_amount, project.reporting_currency
    from compared as month
    cross join config.project as project
    where
        month.month >= make_date(
            cast(date_part('year', $as_of) as int) - 1, cast(date_part('month', $as_of) as int), 1
        )
)

select
    contract_id, month, budget_amount, actual_amount, forecast_amount, expected_amount, variance_amount,
    variance_share, is_material, cash_amount, prior_year_amount, reporting_currency
from final
