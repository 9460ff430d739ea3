-- A row is somebody who answers: how often, how fast in a row, and what became of the seats that were kept. Many
-- answers within one minute were hardly weighed one by one; a seat not used for 60 days after was hardly needed.
with answers as (
    select
        d.candidate_id,
        d.decided_by_key,
        d.decision,
        d.decided_on,
        d.step,
        date_trunc('minute', d.at) as minute
    from review.decisions as d
    where d.is_in_force
        and d.decision in ('accepted', 'denied', 'held', 'approved', 'rejected')
),

answers_of_minutes as (
    select
        decided_by_key,
        minute,
        count(*) as answer_count
    from answers
    group by decided_by_key, minute
),

bulk_of_reviewers as (
    select
        decided_by_key,
        coalesce(sum(answer_count) filter (where answer_count >= 10), 0) as bulk_answer_count,
        max(answer_count) as most_in_a_minute
    from answers_of_minutes
    group by decided_by_key
),

seats_kept as (
    select
        a.decided_by_key,
        count(*) as kept_count,
        count(*) filter (where $as_of - a.decided_on >= 60) as kept_for_60_days_count,
        count(*) filter (
            where $as_of - a.decided_on >= 60
                and e.app_id is not null
                and coalesce(e.last_counted_use_on < a.decided_on, true)
        ) as kept_and_never_used_count,
        count(*) filter (where e.last_counted_use_on >= a.decided_on) as kept_and_used_count
    from answers as a
    inner join review.candidates as c on c.candidate_id = a.candidate_id
    left join policy.evaluations as e
        on e.app_id = c.app_id
        and e.account_id = c.account_id
        and e.sku_id = c.sku_id
    where a.decision in ('denied', 'held')
    group by a.decided_by_key
),

answers_of_reviewers as (
    select
        decided_by_key,
        count(*) as answer_count,
        count(*) filter (where decision in ('accepted', 'approved')) as agreed_count,
        count(*) filter (where decision in ('denied', 'rejected')) as refused_count,
        count(*) filter (where decision = 'held') as held_count,
        count(*) filter (where step > 0) as escalated_count,
        max(decided_on) as newest_answer_on
    from answers
    group by decided_by_key
),

final as (
    select
        r.decided_by_key as reviewer_key,
        r.answer_count,
        r.agreed_count,
        r.refused_count,
        r.held_count,
        r.escalated_count,
        b.bulk_answer_count,
        b.most_in_a_minute,
        coalesce(k.kept_count, 0) as kept_count,
        coalesce(k.kept_for_60_days_count, 0) as kept_for_60_days_count,
        coalesce(k.kept_and_never_used_count, 0) as kept_and_never_used_count,
        coalesce(k.kept_and_used_count, 0) as kept_and_used_count,
        r.newest_answer_on
    from answers_of_reviewers as r
    inner join bulk_of_reviewers as b on b.decided_by_key = r.decided_by_key
    left join seats_kept as k on k.decided_by_key = r.decided_by_key
)

select
    reviewer_key, answer_count, agreed_count, refused_count, held_count, escalated_count, bulk_answer_count,
    most_in_a_minute, kept_count, kept_for_60_days_count, kept_and_never_used_count, kept_and_used_count,
    newest_answer_on
from final
