-- One row per rate set and currency: the pair of rates that turns an amount into the reporting currency.
-- Spot quotes are units for one euro and cross over it; budget rates are units for one of the reporting currency.
with newest_quotes as (
    select currency, max(rate_on) as rate_on, first_value(rate order by rate_on desc) as rate
    from staging.fx_quotes
    where rate_on <= $as_of and currency <> 'EUR'
    group by currency
    union all
    select 'EUR' as currency, $as_of as rate_on, cast(1 as decimal(28, 10)) as rate
),

quotes_beside_the_reporting_currency as (
    select
        quote.currency, quote.rate as currency_rate, reporting.rate as reporting_rate,
        -- the older of the two days is how old the pair is
        case when reporting.rate_on < quote.rate_on then reporting.rate_on else quote.rate_on end as rate_on,
        project.reporting_currency, project.fx_error_days
    from newest_quotes as quote
    cross join config.project as project
    left join newest_quotes as reporting on project.reporting_currency = reporting.currency
    where quote.currency <> project.reporting_currency
),

spot_rates as (
    select
        'spot' as rate_set, currency, currency_rate, reporting_rate, rate_on, reporting_currency,
        $as_of - rate_on as age_days,
        reporting_rate is not null and $as_of - rate_on <= fx_error_days as is_usable
    from quotes_beside_the_reporting_currency
),

-- a fiscal year bears the number of the calendar year in which it ends
fiscal_years as (
    select
        reporting_currency,
        cast(date_part('year', $as_of) as bigint)
        + case
            when fiscal_year_start_month > 1 and date_part('month', $as_of) >= fiscal_year_start_month then 1
            else 0
        end as fiscal_year,
        case when fiscal_year_start_month > 1 then 1 else 0 end as years_back,
        fiscal_year_start_month
    from config.project
),

budget_rates as (
    select
        'budget' as rate_set, budget.currency, budget.rate as currency_rate,
        cast(1 as decimal(28, 10)) as reporting_rate,
        make_date(
            cast(fiscal.fiscal_year - fiscal.years_back as int), cast(fiscal.fiscal_year_start_month as int), 1
        ) as rate_on,
        fiscal.reporting_currency,
        cast(0 as bigint) as age_days, budget.rate > 0 as is_usable
    from seeds.budget_rates as budget
    inner join fiscal_years as fiscal on budget.fiscal_year = fiscal.fiscal_year
    where budget.currency <> fiscal.reporting_currency
),

-- the one currency that is taken 1:1
reporting_currency_itself as (
    select
        rate_sets.rate_set, project.reporting_currency as currency, cast(1 as decimal(28, 10)) as currency_rate,
        cast(1 as decimal(28, 10)) as reporting_rate, $as_of as rate_on, project.reporting_currency,
        cast(0 as bigint) as age_days, true as is_usable
    from config.project as project
    cross join (values ('spot'), ('budget')) as rate_sets (rate_set)
),

final as (
    select rate_set, currency, currency_rate, reporting_rate, rate_on, reporting_currency, age_days, is_usable
    from spot_rates
    union all
    select rate_set, currency, currency_rate, reporting_rate, rate_on, reporting_currency, age_days, is_usable
    from budget_rates
    union all
    select rate_set, currency, currency_rate, reporting_rate, rate_on, reporting_currency, age_days, is_usable
    from reporting_currency_itself
)

select rate_set, currency, currency_rate, reporting_rate, rate_on, reporting_currency, age_days, is_usable
from final
