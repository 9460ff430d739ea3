-- One row per currency and day the central bank quoted, from the newest quote of the currency up to the as-of date on:
-- units of the currency for one euro. A corrected quote replaces the one landed before it. Goes on from an earlier run.
with quotes as (
    select currency, rate_on, rate, extract_date, source, landing, row_number
    from fresh.ecb_rates
    where rate > 0
    union all
    select currency, rate_on, rate, extract_date, source, landing, row_number
    from before.staging_fx_quotes
),

quotes_by_newness as (
    select
        currency, rate_on, rate, extract_date, source, landing, row_number,
        row_number() over (
            partition by currency, rate_on order by extract_date desc, source, landing desc, row_number desc
        ) as newness
    from quotes
),

newest_days as (
    select currency, max(rate_on) as rate_on
    from quotes
    where rate_on <= $as_of
    group by currency
),

final as (
    select
        quote.currency, quote.rate_on, quote.rate, quote.extract_date, quote.source, quote.landing, quote.row_number
    from quotes_by_newness as quote
    left join newest_days as newest on quote.currency = newest.currency
    where quote.newness = 1 and (newest.rate_on is null or quote.rate_on >= newest.rate_on)
)

select currency, rate_on, rate, extract_date, source, landing, row_number
from final
