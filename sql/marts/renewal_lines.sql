-- A row is a contract line in force as its buyer looks at it: what a seat costs bought, held and used, against list,
-- and against the cheapest price of the same SKU in another region; the rate of its currency, and its amount at budget
-- rates.
with use_of_lines as (
    select
        contract_line_id,
        count(*) as assigned_count,
        count(*) filter (where is_active_90) as active_90_count,
        sum(feature_uses_90) as feature_uses_90
    from marts.seat_usage
    where contract_line_id is not null
    group by contract_line_id
),

cheapest as (
    select app_id, sku_id, min(reporting_annual_unit_amount) as cheapest_unit_amount, count(*) as price_count
    from core.contract_lines
    where is_in_force and sku_id is not null and line_type not in ('credit', 'refund')
    group by app_id, sku_id
),

final as (
    select
        line.contract_line_id, line.contract_id, line.contract_number,
        coalesce(line.app_id, 'none') as app_id, coalesce(line.sku_id, line.source_sku_id, 'none') as sku_id, line.tier,
        coalesce(line.region, '*') as region, line.line_type, line.quantity as purchased_quantity,
        coalesce(used.assigned_count, 0) as assigned_count, coalesce(used.active_90_count, 0) as active_90_count,
        coalesce(used.feature_uses_90, 0) as feature_uses_90, line.annual_amount, line.annual_currency,
        line.annual_unit_amount, term.list_annual_unit_amount,
        cast(
            (term.list_annual_unit_amount - line.annual_unit_amount) / nullif(term.list_annual_unit_amount, 0)
        as decimal(12, 6)) as discount_share,
        line.reporting_annual_amount, line.reporting_annual_unit_amount,
        round_money(line.reporting_annual_amount / nullif(cast(used.assigned_count as decimal(12, 0)), 0))
            as cost_per_assigned_amount,
        round_money(line.reporting_annual_amount / nullif(cast(used.active_90_count as decimal(12, 0)), 0))
            as cost_per_active_amount,
        round_money(line.reporting_annual_amount / 4 / nullif(cast(used.feature_uses_90 as decimal(18, 0)), 0))
            as cost_per_use_amount,
        least_of.cheapest_unit_amount,
        cast(
            line.reporting_annual_unit_amount / nullif(least_of.cheapest_unit_amount, 0) - 1 as decimal(12, 6)
        ) as over_cheapest_share,
        line.rate_set, line.fx_rate, line.fx_rate_on,
        convert_money(line.annual_amount, planned.currency_rate, planned.reporting_rate) as budget_rate_amount,
        line.reporting_currency
    from core.contract_lines as line
    inner join core.line_terms as term on line.contract_line_id = term.contract_line_id
    left join use_of_lines as used on line.contract_line_id = used.contract_line_id
    left join cheapest as least_of on line.app_id = least_of.app_id and line.sku_id = least_of.sku_id
    left join core.fx_rates as planned on line.annual_currency = planned.currency and planned.rate_set = 'budget'
)

select
    contract_line_id, contract_id, contract_number, app_id, sku_id, tier, region, line_type, purchased_quantity,
    assigned_count, active_90_count, feature_uses_90, annual_amount, annual_currency, annual_unit_amount,
    list_annual_unit_amount, discount_share, reporting_annual_amount, reporting_annual_unit_amount,
    cost_per_assigned_amount, cost_per_active_amount, cost_per_use_amount, cheapest_unit_amount, over_cheapest_share,
    rate_set, fx_rate, fx_rate_on, budget_rate_amount, reporting_currency
from final
