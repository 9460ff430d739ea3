-- A row is a step that candidates of an app take until a seat is proved gone: how many got at least so far, wait there
-- or came to their end there.
with steps as (
    select s.position, s.step
    from (
        values
        (1, 'found'), (2, 'asked'), (3, 'answered'), (4, 'accepted'), (5, 'approved'), (6, 'handed_over'),
        (7, 'carried_out'), (8, 'proved')
    ) as s (position, step)
),

final as (
    select
        c.app_id,
        s.position,
        max(s.step) as step,
        count(*) as candidate_count,
        count(*) filter (where c.position = s.position and c.is_waiting) as waiting_count,
        count(*) filter (where c.position = s.position and not c.is_waiting) as ended_count,
        count(*) filter (where c.is_destructive) as destructive_count,
        count(*) - count(c.annual_saving_amount) as unpriced_count,
        coalesce(sum(c.annual_saving_amount), 0) as annual_saving_amount,
        max(r.reporting_currency) as reporting_currency
    from marts.candidate_progress as c
    inner join steps as s on s.position <= c.position
    cross join config.project as r
    group by c.app_id, s.position
)

select
    app_id, position, step, candidate_count, waiting_count, ended_count, destructive_count, unpriced_count,
    annual_saving_amount, reporting_currency
from final
