-- A row is a contract line in force: its annual cost, split without remainder into what its seats carry, what nobody
-- holds, what is held beyond the quantity bought, credits, and rounding of the unit price.
with seats_carried_per_line as (
    select
        contract_line_id,
        count(*) as assigned_count,
        sum(annual_amount) as allocated_amount,
        sum(reporting_annual_amount) as reporting_allocated_amount
    from marts.seat_usage
    where contract_line_id is not null
    group by contract_line_id
),

lines_in_force_with_their_seats as (
    select
        l.contract_line_id,
        l.contract_id,
        l.contract_number,
        l.vendor,
        l.app_id,
        l.sku_id,
        l.tier,
        l.source_sku_id,
        l.region,
        l.line_type,
        l.quantity,
        coalesce(s.assigned_count, 0) as assigned_count,
        l.line_type in ('credit', 'refund') as is_credit,
        greatest(l.quantity - coalesce(s.assigned_count, 0), 0) as unassigned_quantity,
        greatest(coalesce(s.assigned_count, 0) - l.quantity, 0) as over_assigned_quantity,
        l.annual_unit_amount,
        l.annual_amount,
        l.annual_currency,
        coalesce(s.allocated_amount, 0) as allocated_amount,
        l.reporting_annual_unit_amount,
        l.reporting_annual_amount,
        l.reporting_currency,
        coalesce(s.reporting_allocated_amount, 0) as reporting_allocated_amount,
        l.rate_set,
        l.fx_rate,
        l.fx_rate_on,
        l.gap_reason,
        l.term_from,
        l.term_to,
        l.renewal_on,
        l.owner_email,
        l.cost_center_id,
        l.source,
        l.landing
    from core.contract_lines as l
    left join seats_carried_per_line as s on s.contract_line_id = l.contract_line_id
    where l.is_in_force
),

lines_split_in_named_amounts as (
    select
        contract_line_id,
        contract_id,
        contract_number,
        vendor,
        app_id,
        sku_id,
        tier,
        source_sku_id,
        region,
        line_type,
        quantity,
        assigned_count,
        unassigned_quantity,
        over_assigned_quantity,
        annual_unit_amount,
        annual_amount,
        annual_currency,
        allocated_amount,
        case when is_credit then 0 else unassigned_quantity * annual_unit_amount end as unassigned_amount,
        case when is_credit then 0 else over_assigned_quantity * annual_unit_amount end as over_assigned_amount,
        case when is_credit then annual_amount else 0 end as credit_amount,
        reporting_annual_amount,
        reporting_currency,
        -- a line no rate converts has no reporting split either, not a split of zeros
        case when reporting_annual_amount is not null then reporting_allocated_amount end
            as reporting_allocated_amount,
        case
            when reporting_annual_amount is null then null
            when is_credit then 0
            else unassigned_quantity * reporting_annual_unit_amount
        end as reporting_unassigned_amount,
        case
            when reporting_annual_amount is null then null
            when is_credit then 0
            else over_assigned_quantity * reporting_annual_unit_amount
        end as reporting_over_assigned_amount,
        case
            when reporting_annual_amount is null then null
            when is_credit then reporting_annual_amount
            else 0
        end as reporting_credit_amount,
        rate_set,
        fx_rate,
        fx_rate_on,
        gap_reason,
        term_from,
        term_to,
        renewal_on,
        owner_email,
        cost_center_id,
        source,
        landing
    from lines_in_force_with_their_seats
),

final as (
    select
        contract_line_id,
        contract_id,
        contract_number,
        vendor,
        app_id,
        sku_id,
        tier,
        source_sku_id,
        region,
        line_type,
        quantity,
        assigned_count,
        unassigned_quantity,
        over_assigned_quantity,
        annual_unit_amount,
        annual_amount,
        annual_currency,
        allocated_amount,
        unassigned_amount,
        over_assigned_amount,
        credit_amount,
        -- the unit price is rounded before it meets the quantity; what that loses or wins has its own name
        annual_amount - allocated_amount - unassigned_amount + over_assigned_amount - credit_amount
            as rounding_amount,
        reporting_annual_amount,
        reporting_currency,
        reporting_allocated_amount,
        reporting_unassigned_amount,
        reporting_over_assigned_amount,
        reporting_credit_amount,
        reporting_annual_amount - reporting_allocated_amount - reporting_unassigned_amount
            + reporting_over_assigned_amount - reporting_credit_amount as reporting_rounding_amount,
        rate_set,
        fx_rate,
        fx_rate_on,
        gap_reason,
        term_from,
        term_to,
        renewal_on,
        owner_email,
        cost_center_id,
        source,
        landing
    from lines_split_in_named_amounts
)

select
    contract_line_id, contract_id, contract_number, vendor, app_id, sku_id, tier, source_sku_id, region, line_type,
    quantity, assigned_count, unassigned_quantity, over_assigned_quantity, annual_unit_amount, annual_amount,
    annual_currency, allocated_amount, unassigned_amount, over_assigned_amount, credit_amount, rounding_amount,
    reporting_annual_amount, reporting_currency, reporting_allocated_amount, reporting_unassigned_amount,
    reporting_over_assigned_amount, reporting_credit_amount, reporting_rounding_amount, rate_set, fx_rate, fx_rate_on,
    gap_reason, term_from, term_to, renewal_on, owner_email, cost_center_id, source, landing
from final
