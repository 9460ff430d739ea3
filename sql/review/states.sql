-- One row per candidate that the decision log speaks of: the state its entries leave it in, and who said what when.
-- The last entry that tells a state wins, by its place in the log; being asked moves only what is open. Newest entries
-- are found by their number, one group by for all of them, since the log may be long.
with states_told as (
    select
        s.type,
        s.state
    from (
        values
        ('candidate.opened', 'open'),
        ('candidate.withdrawn', 'withdrawn'),
        ('candidate.expired', 'expired'),
        ('candidate.reopened', 'reopened'),
        ('decision.accept', 'accepted'),
        ('decision.deny', 'denied'),
        ('decision.self_confirm', 'self_confirmed'),
        ('hold.set', 'held'),
        ('checker.approve', 'approved'),
        ('checker.reject', 'rejected'),
        ('export.created', 'exported'),
        ('outcome.executed', 'executed'),
        ('outcome.verified', 'verified'),
        ('outcome.failed', 'reopened'),
        ('outcome.rolled_back', 'rolled_back')
    ) as s (type, state)
),

newest_entries as (
    select
        e.candidate_id,
        max(e.seq) filter (where t.type is not null) as state_seq,
        max(e.seq) filter (where e.type in ('notify.sent', 'escalation.step')) as told_seq,
        max(e.seq) filter (
            where e.type = 'escalation.step'
                or (e.type = 'notify.sent' and coalesce(e.audience, 'approver') = 'approver')
        ) as asked_seq,
        max(e.step) filter (where e.type = 'escalation.step') as step,
        max(e.seq) filter (
            where e.type in (
                'decision.accept', 'decision.deny', 'decision.self_confirm', 'hold.set', 'candidate.expired'
            )
        ) as decision_seq,
        max(e.seq) filter (where e.type in ('checker.approve', 'checker.reject')) as check_seq,
        max(e.seq) filter (where e.type = 'export.created') as export_seq,
        max(e.seq) filter (where e.type = 'outcome.executed') as executed_seq
    from log.entries as e
    left join states_told as t on t.type = e.type
    where e.candidate_id is not null
    group by e.candidate_id
),

final as (
    select
        n.candidate_id,
        case
            when coalesce(t.state, 'open') <> 'open' then t.state
            when n.told_seq > coalesce(n.state_seq, -1) then 'notified'
            else 'open'
        end as state,
        case when t.state = 'open' and n.told_seq > n.state_seq then n.told_seq else n.state_seq end as state_seq,
        case when t.state = 'open' and n.told_seq > n.state_seq then told.at else s.at end as state_at,
        case when t.state = 'open' and n.told_seq > n.state_seq then told.entry_on else s.entry_on end as state_on,
        case
            when t.state = 'withdrawn' then s.reason
            when t.state = 'reopened' then coalesce(s.finding, 'failed')
        end as state_reason,
        coalesce(n.step, 0) as step,
        a.approver_key as asked_approver_key,
        a.at as asked_at,
        a.due_on as asked_due_on,
        t_decision.state as decision,
        coalesce(d.on_behalf_of_key, d.actor_key) as decided_by_key,
        d.at as decided_at,
        d.entry_on as decided_on,
        d.channel as decision_channel,
        d.reason_code,
        coalesce(c.on_behalf_of_key, c.actor_key) as checker_key,
        c.at as checked_at,
        x.at as exported_at,
        x.batch,
        x.idempotency_key,
        coalesce(o.ticket, x.ticket) as ticket,
        coalesce(o.executed_on, o.entry_on) as executed_on
    from newest_entries as n
    left join log.entries as s on s.seq = n.state_seq
    left join states_told as t on t.type = s.type
    left join log.entries as told on told.seq = n.told_seq
    left join log.entries as a on a.seq = n.asked_seq
    left join log.entries as d on d.seq = n.decision_seq
    left join states_told as t_decision on t_decision.type = d.type
    left join log.entries as c on c.seq = n.check_seq
    left join log.entries as x on x.seq = n.export_seq
    left join log.entries as o on o.seq = n.executed_seq
)

select
    candidate_id,
    state,
    state_seq,
    state_at,
    state_on,
    state_reason,
    step,
    asked_approver_key,
    asked_at,
    asked_due_on,
    decision,
    decided_by_key,
    decided_at,
    decided_on,
    decision_channel,
    reason_code,
    checker_key,
    checked_at,
    exported_at,
    batch,
    idempotency_key,
    ticket,
    executed_on
from final
