-- A row is a line of an invoice: what it pays for, when cash leaves, and its amount in the reporting currency at the
-- project's rates.
with final as (
    select
        invoice.invoice_id, contract.contract_id, invoice.contract_number, invoice.kind, invoice.invoiced_on,
        invoice.invoiced_on + coalesce(contract.payment_terms_days, 0) as due_on, invoice.period_from,
        invoice.period_to, invoice.currency, invoice.amount,
        convert_money(
            invoice.amount,
            case when rate.is_usable then rate.currency_rate end, case when rate.is_usable then rate.reporting_rate end
        ) as reporting_amount,
        project.reporting_currency
    from seeds.invoices as invoice
    cross join config.project as project
    left join core.contracts as contract
        on invoice.contract_number = coalesce(contract.contract_number, contract.contract_id)
    left join core.fx_rates as rate on invoice.currency = rate.currency and project.rate_set = rate.rate_set
    -- what was invoiced later is not known yet
    where invoice.invoiced_on <= $as_of
)

select
    invoice_id, contract_id, contract_number, kind, invoiced_on, due_on, period_from, period_to, currency, amount,
    reporting_amount, reporting_currency
from final
