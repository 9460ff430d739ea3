-- A row is a reason that approvers gave for keeping seats which one rule of a policy version proposed.
with final as (
    select
        c.app_id,
        c.policy_version_id,
        c.rule,
        c.reason,
        c.decision,
        coalesce(c.reason_code, '(none)') as denial_code,
        count(*) as candidate_count,
        min(c.decided_on) as first_decided_on,
        max(c.decided_on) as newest_decided_on
    from review.candidates as c
    where c.decision in ('denied', 'held')
    group by c.app_id, c.policy_version_id, c.rule, c.reason, c.decision, coalesce(c.reason_code, '(none)')
)

select
    app_id, policy_version_id, rule, reason, decision, denial_code, candidate_count, first_decided_on,
    newest_decided_on
from final
