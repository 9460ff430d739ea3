-- One row per seat: what it costs a year, by the contract line that covers it; the line of the holder's region first,
-- then the line without region. A free seat costs 0; a seat without a price costs an unknown sum, never 0.
with prices_of_seats as (
    select
        seat.app_id, seat.account_id, seat.sku_id, seat.is_paid, seat.is_sku_known,
        regional.contract_line_id is not null as is_regional,
        coalesce(regional.contract_line_id, general.contract_line_id) as contract_line_id,
        regional.annual_amount as regional_annual_amount, general.annual_amount as general_annual_amount,
        regional.annual_currency as regional_annual_currency, general.annual_currency as general_annual_currency,
        regional.reporting_annual_amount as regional_reporting_amount,
        general.reporting_annual_amount as general_reporting_amount,
        regional.fx_rate as regional_fx_rate, general.fx_rate as general_fx_rate,
        regional.fx_rate_on as regional_fx_rate_on, general.fx_rate_on as general_fx_rate_on,
        regional.renewal_on as regional_renewal_on, general.renewal_on as general_renewal_on,
        regional.cash_on as regional_cash_on, general.cash_on as general_cash_on
    from core.seats as seat
    left join core.persons as holder on seat.person_key = holder.person_key
    left join core.sku_prices as regional
        on seat.app_id = regional.app_id and seat.sku_id = regional.sku_id and holder.region = regional.region
    left join core.sku_prices as general
        on seat.app_id = general.app_id and seat.sku_id = general.sku_id and general.region = '*'
),

final as (
    select
        price.app_id, price.account_id, price.sku_id,
        case when price.is_paid then price.contract_line_id end as contract_line_id,
        case
            when not price.is_paid then cast(0 as decimal(18, 4))
            when price.is_regional then price.regional_annual_amount
            else price.general_annual_amount
        end as annual_amount,
        case
            when not price.is_paid then project.reporting_currency
            when price.is_regional then price.regional_annual_currency
            else price.general_annual_currency
        end as annual_currency,
        case
            when not price.is_paid then cast(0 as decimal(18, 4))
            when price.is_regional then price.regional_reporting_amount
            else price.general_reporting_amount
        end as reporting_annual_amount,
        project.reporting_currency,
        case
            when price.is_paid and price.is_regional then price.regional_fx_rate
            when price.is_paid then price.general_fx_rate
        end as fx_rate,
        case
            when price.is_paid and price.is_regional then price.regional_fx_rate_on
            when price.is_paid then price.general_fx_rate_on
        end as fx_rate_on,
        case
            when price.is_paid and price.is_regional then price.regional_renewal_on
            when price.is_paid then price.general_renewal_on
        end as renewal_on,
        case
            when price.is_paid and price.is_regional then price.regional_cash_on
            when price.is_paid then price.general_cash_on
        end as cash_on,
        case
            when not price.is_paid then null
            when not price.is_sku_known then 'unmapped_sku'
            when price.contract_line_id is null then 'no_contract_line'
            when price.is_regional and price.regional_reporting_amount is null then 'unconvertible'
            when not price.is_regional and price.general_reporting_amount is null then 'unconvertible'
        end as gap_reason
    from prices_of_seats as price
    cross join config.project as project
)

select
    app_id, account_id, sku_id, contract_line_id, annual_amount, annual_currency, reporting_annual_amount,
    reporting_currency, fx_rate, fx_rate_on, renewal_on, cash_on, gap_reason
from final
