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
        l.periods_per_year, a.name as app_name, k.paying_entity, t.list_annual_unit_amount,
        coalesce(s.contract_number, s.contract_id) as invoiced_as,
        coalesce(s.term_from, make_date(cast(date_part('year', $as_of) as int), 1, 1)) as begun_on,
        s.line_type in ('credit', 'refund') as is_credit,
        s.annual_unit_amount * cast(s.quantity as decimal(12, 0)) = s.annual_amount as is_unit_exact
    from marts.spend as s
    inner join core.contract_lines as l on l.contract_line_id = s.contract_line_id
    left join core.contracts as k on k.contract_id = s.contract_id
    left join core.line_terms as t on t.contract_line_id = s.contract_line_id
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

lines_of_invoiced_years as (
    select
        l.contract_line_id, l.invoiced_as, l.annual_currency, l.annual_amount, y.charged_from, y.charged_to,
        sum(l.annual_amount) over (partition by l.invoiced_as, l.annual_currency) as whole_amount,
        sum(l.annual_amount) over (
            partition by l.invoiced_as, l.annual_currency order by l.contract_line_id
            rows between unbounded preceding and current row
        ) as running_amount,
        min(y.charged_from) over (partition by l.invoiced_as, l.annual_currency) = y.charged_from
        and max(y.charged_from) over (partition by l.invoiced_as, l.annual_currency) = y.charged_from as is_of_one_year
    from lines_with_a_cost as l
    inner join years_of_lines as y on y.contract_line_id = l.contract_line_id
),

years_of_contracts as (
    select invoiced_as, annual_currency, charged_from, charged_to
    from lines_of_invoiced_years
    group by invoiced_as, annual_currency, charged_from, charged_to
    -- lines that begin on other days have other years: whose year an invoice is of, nobody says
    having bool_and(is_of_one_year) and max(whole_amount) > 0
),

periods_within_years as (
    select
        y.invoiced_as, y.annual_currency, i.period_from, i.period_to,
        max(y.charged_to - y.charged_from) as year_days,
        count(*) filter (where i.kind = 'invoice') as invoice_count,
        sum(i.amount) as amount
    from years_of_contracts as y
    inner join core.invoices as i on i.contract_number = y.invoiced_as and i.currency = y.annual_currency
    where i.period_from >= y.charged_from and i.period_to <= y.charged_to
    group by y.invoiced_as, y.annual_currency, i.period_from, i.period_to
),

-- an invoice is told here only when those of the whole year are: half a year is no cost of a year
billed_years as (
    select invoiced_as, annual_currency, sum(amount) as billed_amount
    from periods_within_years
    group by invoiced_as, annual_currency
    having sum(period_to - period_from) filter (where invoice_count > 0) = max(year_days)
),

-- invoices name a contract: each of its lines has a part by its amount, the parts sum to what was billed
billed_lines as (
    select
        l.contract_line_id,
        convert_money(
            b.billed_amount, cast(l.whole_amount as decimal(28, 10)), cast(l.running_amount as decimal(28, 10))
        )
        - convert_money(
            b.billed_amount, cast(l.whole_amount as decimal(28, 10)),
            cast(l.running_amount - l.annual_amount as decimal(28, 10))
        ) as billed_amount
    from lines_of_invoiced_years as l
    inner join billed_years as b on b.invoiced_as = l.invoiced_as and b.annual_currency = l.annual_currency
),

final as (
    select
        l.contract_line_id as x_contract_line_id,
        coalesce(b.billed_amount, l.annual_amount) as billed_cost,
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
        case
            when l.is_credit or l.list_annual_unit_amount is null then l.annual_amount
            else l.list_annual_unit_amount * cast(l.quantity as decimal(12, 0))
        end as list_cost,
        case when not l.is_credit then l.list_annual_unit_amount end as list_unit_price,
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
        l.reporting_currency as x_reporting_currency,
        case when b.contract_line_id is null then 'contract' else 'invoices' end as x_billed_basis
    from lines_with_a_cost as l
    inner join years_of_lines as y on y.contract_line_id = l.contract_line_id
    left join billed_lines as b on b.contract_line_id = l.contract_line_id
    left join use_of_lines as u on u.contract_line_id = l.contract_line_id
    left join services_of_another_category as c on c.name = fold_text(l.vendor)
)

select
    x_contract_line_id, billed_cost, billing_account_id, billing_account_name, billing_currency,
    billing_period_start, billing_period_end, charge_category, charge_class, charge_description, charge_frequency,
    charge_period_start, charge_period_end, contracted_cost, contracted_unit_price, effective_cost,
    invoice_issuer_name, list_cost, list_unit_price, pricing_quantity, pricing_unit, provider_name, publisher_name,
    region_id, service_category, service_name, sku_id, sku_price_id, sub_account_id, x_paying_entity,
    x_license_tier, x_seats_assigned, x_seats_active, x_seats_reclaimable, x_policy_version, x_reporting_cost,
    x_reporting_currency, x_billed_basis
from final
