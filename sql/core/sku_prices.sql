-- One row per application, SKU and region with a contract line in force: the line that covers its seats, priced for one
-- seat and year. Region '*' is a line without region. Of several the cheapest at spot, unconvertible ones last.
with lines_that_cover as (
    select
        app_id, sku_id, coalesce(region, '*') as region, contract_line_id, annual_unit_amount, annual_currency,
        reporting_annual_unit_amount, suspended_annual_unit_amount, suspended_reporting_annual_unit_amount,
        reporting_currency, fx_rate, fx_rate_on, renewal_on, term_to, true_down_on, has_true_down, gap_reason,
        row_number() over (
            partition by app_id, sku_id, coalesce(region, '*')
            order by spot_annual_unit_amount asc nulls last, contract_line_id
        ) as price_rank
    from core.contract_lines
    where
        is_in_force and app_id is not null and sku_id is not null
        -- a credit gives money back; it lets nobody in
        and line_type not in ('credit', 'refund')
),

final as (
    select
        app_id, sku_id, region, contract_line_id, annual_unit_amount as annual_amount, annual_currency,
        reporting_annual_unit_amount as reporting_annual_amount,
        suspended_reporting_annual_unit_amount as suspended_reporting_annual_amount,
        suspended_annual_unit_amount as suspended_annual_amount, reporting_currency, fx_rate, fx_rate_on, renewal_on,
        -- the day money can stop: the true-down right if it is still to come, else the next renewal
        case
            when has_true_down and true_down_on > $as_of then true_down_on
            when renewal_on > $as_of then renewal_on
            else term_to
        end as cash_on,
        true_down_on, has_true_down, gap_reason
    from lines_that_cover
    where price_rank = 1
)

select
    app_id, sku_id, region, contract_line_id, annual_amount, annual_currency, reporting_annual_amount,
    suspended_reporting_annual_amount, suspended_annual_amount, reporting_currency, fx_rate, fx_rate_on, renewal_on,
    cash_on, true_down_on, has_true_down, gap_reason
from final
