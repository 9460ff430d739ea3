-- A row is a cohort: the candidates that somebody (and where one is asked for, a second person) agreed to in one
-- month, and what became of their savings since. Each amount counts all that got at least so far, so amounts of a row
-- are never added. A seat that was granted again, or an action that was rolled back, stays accepted and realises
-- nothing.
with accepted as (
    select
        date_trunc('month', decided_on) as month,
        annual_saving_amount,
        regranted_on is null
        and coalesce(savings_state in ('executed', 'contracted', 'realised'), false) as is_executed,
        regranted_on is null and contracted_on is not null as is_contracted,
        regranted_on is null and realised_on is not null as is_realised
    from review.candidates
    where decision = 'accepted'
        and state <> 'rejected'
        and (not is_checker_required or checked_at is not null)
),

cohorts as (
    select
        month,
        count(*) as accepted_count,
        count(*) filter (where is_executed) as executed_count,
        count(*) filter (where is_contracted) as contracted_count,
        count(*) filter (where is_realised) as realised_count,
        count(*) filter (where annual_saving_amount is null) as unpriced_count,
        sum(annual_saving_amount) as accepted_saving_amount,
        sum(annual_saving_amount) filter (where is_executed) as executed_saving_amount,
        sum(annual_saving_amount) filter (where is_contracted) as contracted_saving_amount,
        sum(annual_saving_amount) filter (where is_realised) as realised_saving_amount
    from accepted
    group by month
),

final as (
    select
        c.month,
        c.accepted_count,
        c.executed_count,
        c.contracted_count,
        c.realised_count,
        c.unpriced_count,
        c.accepted_saving_amount,
        coalesce(c.executed_saving_amount, 0) as executed_saving_amount,
        coalesce(c.contracted_saving_amount, 0) as contracted_saving_amount,
        coalesce(c.realised_saving_amount, 0) as realised_saving_amount,
        cast(
            coalesce(c.realised_saving_amount, 0) / nullif(c.accepted_saving_amount, 0) as decimal(12, 6)
        ) as realised_share,
        r.reporting_currency
    from cohorts as c
    cross join config.project as r
)

select
    month, accepted_count, executed_count, contracted_count, realised_count, unpriced_count, accepted_saving_amount,
    executed_saving_amount, contracted_saving_amount, realised_saving_amount, realised_share, reporting_currency
from final
