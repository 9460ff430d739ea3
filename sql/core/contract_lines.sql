-- One row per contract line, annualised, laid to an application and SKU, and converted at the project's rate set.
-- What cannot be annualised, laid or converted keeps its own figures and says why in `gap_reason`.
with names_of_apps as (
    select app_id, fold_text(name) as name from core.apps
    union
    select app_id, fold_text(app_id) as name from core.apps
),

apps_named_by_lines as (
    select line.contract_line_id, min(named.app_id) as app_id
    from staging.contract_lines as line
    inner join names_of_apps as named on fold_text(line.app_name) = named.name
    group by line.contract_line_id
    having count(distinct named.app_id) = 1
),

skus_named_by_lines as (
    select
        line.contract_line_id,
        first_value(alias.app_id order by coalesce(alias.app_id = named.app_id, false) desc, alias.app_id) as app_id,
        first_value(alias.sku_id order by coalesce(alias.app_id = named.app_id, false) desc, alias.app_id) as sku_id,
        count(*) as hit_count,
        bool_or(coalesce(alias.app_id = named.app_id, false)) as is_named
    from staging.contract_lines as line
    inner join core.sku_aliases as alias on line.source_sku_id = alias.source_sku_id
    left join apps_named_by_lines as named on line.contract_line_id = named.contract_line_id
    group by line.contract_line_id
),

terms as (
    select
        contract_line_id,
        case billing_period when 'monthly' then 12 when 'quarterly' then 4 when 'annually' then 1 end
            as periods_per_year,
        -- a price of the whole term is spread: over its months when it has whole ones, else over its days
        case
            when billing_period <> 'entire' or term_to is null or term_from is null or term_to <= term_from then null
            when date_part('day', term_from) = date_part('day', term_to) then 12
            else 365
        end as parts_per_year,
        case
            when date_part('day', term_from) = date_part('day', term_to)
                then
                    (date_part('year', term_to) - date_part('year', term_from)) * 12
                    + date_part('month', term_to) - date_part('month', term_from)
            else term_to - term_from
        end as parts_of_term
    from staging.contract_lines
),

yearly_factors as (
    select
        contract_line_id, cast(periods_per_year as bigint) as periods_per_year,
        cast(coalesce(periods_per_year, parts_per_year) as decimal(4, 0)) as multiplier,
        cast(case when periods_per_year is null then parts_of_term else 1 end as decimal(7, 0)) as divisor
    from terms
),

annualised as (
    select
        line.contract_line_id, line.contract_id, line.contract_number, line.vendor, line.source_sku_id, line.region,
        line.line_type, line.quantity, line.unit_price, upper(line.currency) as price_currency,
        factor.periods_per_year,
        round_money(line.unit_price * factor.multiplier / factor.divisor) as annual_unit_amount,
        -- from the unrounded price, so that the line ties to the ITAM feed whatever its quantity
        round_money(line.unit_price * cast(line.quantity as decimal(12, 0)) * factor.multiplier / factor.divisor)
            as annual_amount,
        round_money(line.suspended_unit_price * factor.multiplier / factor.divisor) as suspended_annual_unit_amount,
        line.term_from, line.term_to, line.has_contract,
        line.has_contract
        and (line.term_from is null or line.term_from <= $as_of)
        and (line.term_to is null or $as_of < line.term_to)
        and coalesce(line.contract_state, 'active') not in ('draft', 'canceled', 'cancelled') as is_in_force,
        coalesce(line.renewal_on, line.term_to) as renewal_on, line.notice_days, line.is_auto_renew,
        line.uplift_percent, line.has_true_up, line.has_true_down, line.true_down_on, line.contract_rate,
        line.owner_email, line.cost_center_id, line.po_number, line.source, line.landing
    from staging.contract_lines as line
    inner join yearly_factors as factor on line.contract_line_id = factor.contract_line_id
),

laid_to_apps as (
    select
        line.contract_line_id, line.contract_id, line.contract_number,
        case when sku.is_named or sku.hit_count = 1 then sku.app_id else named.app_id end as app_id,
        case when sku.is_named or sku.hit_count = 1 then sku.sku_id end as sku_id,
        coalesce(not sku.is_named and sku.hit_count > 1, false) as is_sku_of_several_apps,
        line.vendor, line.source_sku_id, line.region, line.line_type, line.quantity, line.unit_price,
        line.price_currency, line.periods_per_year, line.annual_unit_amount, line.annual_amount,
        line.suspended_annual_unit_amount, line.term_from, line.term_to, line.has_contract, line.is_in_force,
        line.renewal_on, line.notice_days, line.renewal_on - line.notice_days as last_day_to_cancel,
        line.is_auto_renew, line.uplift_percent, line.has_true_up, line.has_true_down, line.true_down_on,
        line.contract_rate, line.owner_email, line.cost_center_id, line.po_number, line.source, line.landing
    from annualised as line
    left join skus_named_by_lines as sku on line.contract_line_id = sku.contract_line_id
    left join apps_named_by_lines as named on line.contract_line_id = named.contract_line_id
),

rates_of_lines as (
    select
        line.contract_line_id, project.reporting_currency, project.rate_set,
        case
            when line.price_currency = project.reporting_currency then cast(1 as decimal(28, 10))
            -- a contract's rate is in units of its currency for one of the reporting currency
            when project.rate_set = 'contract' then line.contract_rate
            when fx.is_usable then fx.currency_rate
        end as from_rate,
        case
            when line.price_currency = project.reporting_currency or project.rate_set = 'contract'
                then cast(1 as decimal(28, 10))
            when fx.is_usable then fx.reporting_rate
        end as to_rate,
        case
            when line.price_currency = project.reporting_currency then $as_of
            when project.rate_set = 'contract' then line.term_from
            else fx.rate_on
        end as rate_on,
        coalesce(fx.reporting_rate is not null and not fx.is_usable, false) as is_rate_stale,
        case when spot.is_usable then spot.currency_rate end as spot_from_rate,
        case when spot.is_usable then spot.reporting_rate end as spot_to_rate
    from laid_to_apps as line
    cross join config.project as project
    left join core.fx_rates as fx
        on project.rate_set = fx.rate_set and line.price_currency = fx.currency
    left join core.fx_rates as spot
        on spot.rate_set = 'spot' and line.price_currency = spot.currency
),

final as (
    select
        line.contract_line_id, line.contract_id, line.contract_number, line.app_id, line.sku_id, sku.tier,
        line.source_sku_id, line.vendor, line.region, line.line_type, line.quantity, line.unit_price,
        line.price_currency, line.periods_per_year, line.annual_unit_amount, line.annual_amount,
        line.price_currency as annual_currency, line.term_from, line.term_to, line.is_in_force, line.renewal_on,
        line.notice_days,
        -- a notice falls due on a working day: Saturday and Sunday roll back to Friday
        case date_part('dow', line.last_day_to_cancel)
            when 6 then line.last_day_to_cancel - 1
            when 0 then line.last_day_to_cancel - 2
            else line.last_day_to_cancel
        end as notice_on,
        line.is_auto_renew, line.uplift_percent, line.has_true_up, line.has_true_down, line.true_down_on,
        line.suspended_annual_unit_amount,
        convert_money(line.annual_unit_amount, rate.from_rate, rate.to_rate) as reporting_annual_unit_amount,
        convert_money(line.annual_amount, rate.from_rate, rate.to_rate) as reporting_annual_amount,
        convert_money(line.suspended_annual_unit_amount, rate.from_rate, rate.to_rate)
            as suspended_reporting_annual_unit_amount,
        convert_money(line.annual_unit_amount, rate.spot_from_rate, rate.spot_to_rate) as spot_annual_unit_amount,
        rate.reporting_currency, rate.rate_set,
        cast(rate.to_rate / rate.from_rate as decimal(28, 10)) as fx_rate,
        case when rate.from_rate is not null then rate.rate_on end as fx_rate_on,
        case
            when not line.has_contract then 'no_contract'
            when line.app_id is null then 'unmapped_app'
            when line.sku_id is null and line.is_sku_of_several_apps then 'ambiguous_sku'
            when line.sku_id is null and line.line_type not in ('credit', 'refund') then 'unmapped_sku'
            when line.annual_unit_amount is null or line.annual_amount is null then 'no_price'
            when rate.from_rate is null and rate.is_rate_stale then 'stale_rate'
            when rate.from_rate is null then 'no_rate'
        end as gap_reason,
        line.owner_email, line.cost_center_id, line.po_number, line.source, line.landing
    from laid_to_apps as line
    inner join rates_of_lines as rate on line.contract_line_id = rate.contract_line_id
    left join core.skus as sku on line.app_id = sku.app_id and line.sku_id = sku.sku_id
)

select
    contract_line_id, contract_id, contract_number, app_id, sku_id, tier, source_sku_id, vendor, region, line_type,
    quantity, unit_price, price_currency, periods_per_year, annual_unit_amount, annual_amount, annual_currency,
    term_from, term_to, is_in_force, renewal_on, notice_days, notice_on, is_auto_renew, uplift_percent, has_true_up,
    has_true_down, true_down_on, suspended_annual_unit_amount, reporting_annual_unit_amount,
    reporting_annual_amount, suspended_reporting_annual_unit_amount, spot_annual_unit_amount, reporting_currency,
    rate_set, fx_rate, fx_rate_on, gap_reason, owner_email, cost_center_id, po_number, source, landing
from final
