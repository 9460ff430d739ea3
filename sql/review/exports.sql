-- One row per action that was sent out, by its idempotency key, and what came back. Entries of one key sent again are
-- one export: the newest tells the ticket.
with entries_of_exports as (
    select
        coalesce(idempotency_key, candidate_id || '/' || action) as idempotency_key,
        candidate_id,
        min(seq) as first_seq,
        max(seq) as newest_seq,
        count(*) as entry_count
    from log.entries
    where type = 'export.created'
        and candidate_id is not null
    group by 1, 2
),

outcomes as (
    select
        x.idempotency_key,
        max(e.seq) as outcome_seq,
        max(e.seq) filter (where e.type = 'outcome.executed') as executed_seq
    from entries_of_exports as x
    inner join log.entries as e on e.candidate_id = x.candidate_id
    where e.seq > x.first_seq
        and e.type in (
            'outcome.executed', 'outcome.verified', 'outcome.failed', 'outcome.rolled_back', 'candidate.reopened'
        )
    group by x.idempotency_key
),

final as (
    select
        x.idempotency_key,
        x.candidate_id,
        n.app_id,
        n.subject_key,
        n.sku_id,
        n.action,
        n.target_sku_id,
        n.policy_version_id,
        f.entry_on as exported_on,
        f.at as exported_at,
        n.batch,
        n.desk,
        coalesce(d.ticket, o.ticket, n.ticket) as ticket,
        x.entry_count,
        case o.type
            when 'outcome.executed' then 'executed'
            when 'outcome.verified' then 'verified'
            when 'outcome.rolled_back' then 'rolled_back'
            when 'outcome.failed' then 'failed'
            when 'candidate.reopened' then 'reopened'
            else 'sent'
        end as outcome,
        o.entry_on as outcome_on,
        coalesce(d.executed_on, d.entry_on) as executed_on,
        n.entry_hash
    from entries_of_exports as x
    inner join log.entries as f on f.seq = x.first_seq
    inner join log.entries as n on n.seq = x.newest_seq
    left join outcomes as k on k.idempotency_key = x.idempotency_key
    left join log.entries as o on o.seq = k.outcome_seq
    left join log.entries as d on d.seq = k.executed_seq
)

select
    idempotency_key,
    candidate_id,
    app_id,
    subject_key,
    sku_id,
    action,
    target_sku_id,
    policy_version_id,
    exported_on,
    exported_at,
    batch,
    desk,
    ticket,
    entry_count,
    outcome,
    outcome_on,
    executed_on,
    entry_hash
from final
