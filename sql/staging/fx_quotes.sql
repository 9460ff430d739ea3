-- One row per currency and day the central bank quoted: units of the currency for one euro. A corrected quote replaces
-- the one landed before it.
with quotes_by_newness as (
    select
        currency, rate_on, rate,
        row_number() over (
            partition by currency, rate_on order by extract_date desc, source, landing desc, row_number desc
        ) as newness
    from raw.ecb_rates
    where rate > 0
),

final as (
    select currency, rate_on, rate
    from quotes_by_newness
    where newness = 1
)

select currency, rate_on, rate
from final
