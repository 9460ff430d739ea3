-- A row is a contract line in force and the year of it that contains the as-of date, in the columns of FOCUS 1.2: its
-- cost of that year in the currency it is paid in. A line without a price has no cost to tell: marts.data_gaps has it.
with services_of_another_category as (
    select s.name, s.category
    from (
        values
        ('github', 'Developer Tools'), ('gitlab', 'Developer Tools'), ('jetbrains', 'Developer Tools'),
        ('okta', 'Identity'), ('tableau', 'Analytics'), ('looker', 'Analytics'),
        ('crowdstrike', 'Security'), ('snyk', 'Security'), ('zscaler', 'Security')
    ) as s (name, category)
),

use_of_lines as (
    select
        contract_line_id,
        count(*) filter (where is_active_90) as active_count,
        count(*) filter (where verdict = 'candidate') as candidate_count,
        max(policy_version_id) as policy_version_id
    from marts.seat_usage
    where contract_line_id is not null
    group by contract_line_id
),

lines_with_a_cost as (
    select
        s.contract_line_id, s.contract_id, s.contract_number, s.vendor, s.app_id, s.sku_id, s.tier, s.source_sku_id,
        s.region, s.line_type, s.quantity, s.assigned_count, s.annual_unit_amount, s.annual_amount, s.annual_currency,
        s.reporting_annual_amount, s.reporting_currency, s.term_from, s.term_to, s.cost_center_id,
        l.periods_per_year, a.name as app_name, k.paying_entity,
        coalesce(s.term_from, make_date(cast(date_part('year', $as_of) as int), 1, 1)) as begun_on,
        s.line_type in ('credit', 'refund') as is_credit,
        s.annual_unit_amount * cast(s.quantity as decimal(12, 0)) = s.annual_amount as is_unit_exact
    from marts.spend as s
    inner join core.contract_lines as l on l.contract_line_id = s.contract_line_id
    left join core.contracts as k on k.contract_id = s.contract_id
    left join core.apps as a on a.app_id = s.app_id
    where s.annual_amount is not null and s.annual_currency is not null
),

-- a 29th of February has its anniversary on the 28th, every year alike
days_of_the_year as (
    select
        contract_line_id,
        begun_on,
        cast(date_part('month', begun_on) as int) as month,
        least(
            cast(date_part('day', begun_on) as int), case when date_part('month', begun_on) = 2 then 28 else 31 end
        ) as day,
        cast(date_part('year', $as_of) as int) as year
    from lines_with_a_cost
),

years_of_lines as (
    select
        contract_line_id,
        case when make_date(year, month, day) <= $as_of then make_date(year, month, day)
            else make_date(year - 1, month, day) end as charged_from,
        case when make_date(year, month, day) <= $as_of then make_date(year + 1, month, day)
            else make_date(year, month, day) end as charged_to
    from days_of_the_year
),

final as (
    select
        l.contract_line_id as x_contract_line_id,
        l.annual_amount as billed_cost,
        coalesce(l.contract_number, l.contract_id, l.contract_line_id) as billing_account_id,
        coalesce(l.vendor || ' ' || l.contract_number, l.contract_id, l.contract_line_id) as billing_account_name,
        l.annual_currency as billing_currency,
        cast(date_trunc('month', y.charged_from) as timestamp) as billing_period_start,
        cast(date_trunc('month', y.charged_from) + interval '1 month' as timestamp) as billing_period_end,
        case when l.is_credit then 'Credit' else 'Purchase' end as charge_category,
        cast(null as varchar) as charge_class,
        coalesce(l.source_sku_id, l.sku_id, l.line_type) || ': '
        || case when l.is_credit then l.line_type else cast(l.quantity as varchar) || ' seats' end
        || ', a year' as charge_description,
        case when l.periods_per_year > 1 and not l.is_credit then 'Recurring' else 'One-Time' end as charge_frequency,
        cast(y.charged_from as timestamp) as charge_period_start,
        cast(y.charged_to as timestamp) as charge_period_end,
        l.annual_amount as contracted_cost,
        case when l.is_unit_exact and not l.is_credit then l.annual_unit_amount end as contracted_unit_price,
        l.annual_amount as effective_cost,
        coalesce(l.vendor, l.app_name, 'unknown') as invoice_issuer_name,
        l.annual_amount as list_cost,
        case when not l.is_credit then cast(l.quantity as decimal(18, 4)) end as pricing_quantity,
        case when not l.is_credit then 'Count' end as pricing_unit,
        coalesce(l.vendor, l.app_name, 'unknown') as provider_name,
        coalesce(l.vendor, l.app_name, 'unknown') as publisher_name,
        l.region as region_id,
        coalesce(c.category, 'Business Applications') as service_category,
        coalesce(l.app_name, l.vendor, 'unknown') as service_name,
        case when not l.is_credit then coalesce(l.sku_id, l.source_sku_id) end as sku_id,
        case when not l.is_credit then l.contract_line_id end as sku_price_id,
        l.cost_center_id as sub_account_id,
        l.paying_entity as x_paying_entity,
        l.tier as x_license_tier,
        l.assigned_count as x_seats_assigned,
        coalesce(u.active_count, 0) as x_seats_active,
        coalesce(u.candidate_count, 0) as x_seats_reclaimable,
        u.policy_version_id as x_policy_version,
        l.reporting_annual_amount as x_reporting_cost,
        l.reporting_currency as x_reporting_currency
    from lines_with_a_cost as l
    inner join years_of_lines as y on y.contract_line_id = l.contract_line_id
    left join use_of_lines as u on u.contract_line_id = l.contract_line_id
    left join services_of_another_category as c on c.name = fold_text(l.vendor)
)

select
    x_contract_line_id, billed_cost, billing_account_id, billing_account_name, billing_currency, billing_period_start,
    billing_period_end, charge_category, charge_class, charge_description, charge_frequency, charge_period_start,
    charge_period_end, contracted_cost, contracted_unit_price, effective_cost, invoice_issuer_name, list_cost,
    pricing_quantity, pricing_unit, provider_name, publisher_name, region_id, service_category, service_name, sku_id,
    sku_price_id, sub_account_id, x_paying_entity, x_license_tier, x_seats_assigned, x_seats_active,
    x_seats_reclaimable, x_policy_version, x_reporting_cost, x_reporting_currency
from final
