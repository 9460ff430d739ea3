-- One row per answer about a candidate, those that came too late to count among them, and per answer of a second
-- person.
with answers as (
    select
        a.type,
        a.decision
    from (
        values
        ('decision.accept', 'accepted'),
        ('decision.deny', 'denied'),
        ('decision.self_confirm', 'self_confirmed'),
        ('hold.set', 'held'),
        ('candidate.expired', 'expired'),
        ('decision.late', 'late'),
        ('checker.approve', 'approved'),
        ('checker.reject', 'rejected')
    ) as a (type, decision)
),

-- Of the first and of the second person the newest answer is in force.
newest_answers as (
    select
        e.candidate_id,
        e.type in ('checker.approve', 'checker.reject') as is_of_checker,
        max(e.seq) filter (where e.type <> 'decision.late') as newest_seq
    from log.entries as e
    inner join answers as a on a.type = e.type
    where e.candidate_id is not null
    group by 1, 2
),

final as (
    select
        e.seq,
        e.at,
        e.entry_on as decided_on,
        e.candidate_id,
        e.app_id,
        e.subject_key,
        e.sku_id,
        e.action,
        a.decision,
        e.decision as late_answer,
        coalesce(e.step, 0) as step,
        e.channel,
        coalesce(e.on_behalf_of_key, e.actor_key) as decided_by_key,
        e.actor_key as entered_by_key,
        e.reason_code,
        e.policy_version_id,
        e.answer_id,
        e.evidence_sha256,
        e.entry_hash,
        coalesce(e.seq = n.newest_seq, false) as is_in_force,
        n.is_of_checker
    from log.entries as e
    inner join answers as a on a.type = e.type
    inner join newest_answers as n
        on n.candidate_id = e.candidate_id
        and n.is_of_checker = (e.type in ('checker.approve', 'checker.reject'))
)

select
    seq,
    at,
    decided_on,
    candidate_id,
    app_id,
    subject_key,
    sku_id,
    action,
    decision,
    late_answer,
    step,
    channel,
    decided_by_key,
    entered_by_key,
    reason_code,
    policy_version_id,
    answer_id,
    evidence_sha256,
    entry_hash,
    is_in_force,
    is_of_checker
from final
