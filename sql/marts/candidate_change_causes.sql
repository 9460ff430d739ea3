-- A row is why candidates of an app came, stayed or went since the newest earlier run, counted.
with final as (
    select
        c.app_id,
        c.change,
        c.cause,
        count(*) as candidate_count,
        sum(c.annual_saving_amount) as annual_saving_amount,
        max(r.reporting_currency) as reporting_currency,
        max(c.compared_with_on) as compared_with_on
    from marts.candidate_changes as c
    cross join config.project as r
    group by c.app_id, c.change, c.cause
)

select
    app_id, change, cause, candidate_count, annual_saving_amount, reporting_currency, compared_with_on
from final
