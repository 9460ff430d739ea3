-- One row per batch that a circuit breaker held: released once two different persons said so within 24 hours.
with trips as (
    select
        batch,
        max(seq) as newest_seq
    from log.entries
    where type = 'breaker.tripped'
        and batch is not null
    group by batch
),

approvals as (
    select
        batch,
        seq,
        at,
        coalesce(on_behalf_of_key, actor_key) as by_key,
        coalesce(reason_code, reason) as reason
    from log.entries
    where type = 'breaker.released'
        and batch is not null
),

releases as (
    select
        t.batch,
        count(a.seq) as approval_count,
        max(a.seq) as newest_approval_seq
    from trips as t
    inner join approvals as a on a.batch = t.batch
    where a.seq > t.newest_seq
    group by t.batch
),

pairs_of_two_persons as (
    select
        t.batch,
        min(b.seq) as second_seq
    from trips as t
    inner join approvals as a on a.batch = t.batch
    inner join approvals as b on b.batch = t.batch
    where a.seq > t.newest_seq
        and b.seq > a.seq
        and b.by_key <> a.by_key
        and b.at - a.at <= interval '24 hours'
    group by t.batch
),

final as (
    select
        t.batch,
        f.app_id,
        f.run,
        f.at as tripped_at,
        f.entry_on as tripped_on,
        f.counted,
        f.allowed,
        coalesce(r.approval_count, 0) as approval_count,
        n.by_key as newest_approver_key,
        n.at as newest_approval_at,
        s.at as released_at,
        s.by_key as released_by_key,
        s.reason as release_reason,
        case
            when p.second_seq is not null then 'released'
            when r.batch is not null then 'half_released'
            else 'held'
        end as state
    from trips as t
    inner join log.entries as f on f.seq = t.newest_seq
    left join releases as r on r.batch = t.batch
    left join approvals as n on n.seq = r.newest_approval_seq
    left join pairs_of_two_persons as p on p.batch = t.batch
    left join approvals as s on s.seq = p.second_seq
)

select
    batch,
    app_id,
    run,
    tripped_at,
    tripped_on,
    counted,
    allowed,
    approval_count,
    newest_approver_key,
    newest_approval_at,
    released_at,
    released_by_key,
    release_reason,
    state
from final
