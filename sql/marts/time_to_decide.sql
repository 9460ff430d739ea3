-- A row is an app, an answer and the step that gave it: how long it took from the first day of the candidate.
with answers as (
    select
        app_id,
        decision,
        step,
        decided_on - opened_on as days,
        decided_on > first_due_on as is_late
    from review.candidates
    where decision is not null
        and decided_on is not null
),

final as (
    select
        app_id,
        decision,
        step,
        count(*) as candidate_count,
        count(*) filter (where days <= 1) as within_1_day_count,
        count(*) filter (where days <= 3) as within_3_days_count,
        count(*) filter (where days <= 7) as within_7_days_count,
        count(*) filter (where days <= 14) as within_14_days_count,
        count(*) filter (where is_late) as late_count,
        cast(cast(sum(days) as decimal(18, 4)) / cast(count(*) as decimal(18, 0)) as decimal(9, 2)) as mean_days,
        max(days) as longest_days
    from answers
    group by app_id, decision, step
)

select
    app_id, decision, step, candidate_count, within_1_day_count, within_3_days_count, within_7_days_count,
    within_14_days_count, late_count, mean_days, longest_days
from final
