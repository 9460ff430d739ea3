-- One row per line of a contract in the ITAM feed, with what it takes from its contract. The source gives the last day
-- inside a term; here the end is the first day outside.
with final as (
    select
        line.contract_line_id, line.contract_id, contract.number as contract_number, contract.vendor, line.app_name,
        line.sku_id as source_sku_id, line.region, lower(coalesce(line.line_type, 'normal')) as line_type,
        line.quantity, line.unit_price, coalesce(line.currency, contract.currency) as currency,
        lower(line.billing_period) as billing_period,
        coalesce(line.starts_on, contract.starts_on) as term_from,
        coalesce(line.ends_on, contract.ends_on) + 1 as term_to,
        lower(contract.state) as contract_state,
        contract.contract_id is not null as has_contract,
        contract.renewal_on, contract.notice_days, contract.is_auto_renew, contract.uplift_percent,
        coalesce(line.has_true_up, false) as has_true_up, coalesce(line.has_true_down, false) as has_true_down,
        line.true_down_on, line.suspended_unit_price, line.contract_rate, contract.owner_email, contract.cost_center_id,
        contract.po_number, line.source, line.landing
    from raw.servicenow_entitlements as line
    left join raw.servicenow_contracts as contract
        on line.source = contract.source and line.contract_id = contract.contract_id
)

select
    contract_line_id, contract_id, contract_number, vendor, app_name, source_sku_id, region, line_type, quantity,
    unit_price, currency, billing_period, term_from, term_to, contract_state, has_contract, renewal_on, notice_days,
    is_auto_renew, uplift_percent, has_true_up, has_true_down, true_down_on, suspended_unit_price, contract_rate,
    owner_email, cost_center_id, po_number, source, landing
from final
