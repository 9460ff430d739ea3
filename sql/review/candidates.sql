-- One row per candidate that is open, or was closed within 396 days: its evidence (review.evidence), what the log says
-- of it (review.states), and what this run finds: a candidate nobody decided on and the policy no longer proposes is
-- withdrawn; one whose action went out is verified or reopened (review.outcome_checks). What a run finds becomes an
-- entry of the log after it; until then state_entry_seq is NULL. Of what is verified, a saving goes on to contracted
-- and realised (review.contracted_savings).
with states_and_findings as (
    select
        e.candidate_id,
        case
            when coalesce(s.state, 'open') in ('open', 'notified') and not e.is_proposed then 'withdrawn'
            when o.outcome = 'removed' then 'verified'
            when o.outcome is not null and s.state <> 'verified' then 'reopened'
            else coalesce(s.state, 'open')
        end as state,
        coalesce(s.state, 'open') as state_told,
        s.state_seq,
        s.state_at,
        s.state_on as state_told_on,
        s.state_reason as reason_told,
        o.outcome,
        o.fed_on,
        o.has_the_seat,
        c.cause as withdrawn_because,
        coalesce(s.step, 0) as step,
        s.asked_approver_key,
        s.asked_at,
        s.asked_due_on,
        s.decision,
        s.decided_by_key,
        s.decided_at,
        s.decided_on,
        s.decision_channel,
        s.reason_code,
        s.checker_key,
        s.checked_at,
        s.exported_at,
        s.batch,
        s.idempotency_key,
        s.ticket,
        s.executed_on
    from review.evidence as e
    left join review.states as s on s.candidate_id = e.candidate_id
    left join review.outcome_checks as o on o.candidate_id = e.candidate_id
    left join policy.candidate_changes as c
        on c.candidate_id = e.candidate_id
        and c.change = 'gone'
),

-- A state keeps the day and the reason it was found with.
states_with_their_day as (
    select
        f.*,
        f.state <> f.state_told as is_found,
        case
            when b.state = f.state then b.state_on
            when f.state <> f.state_told then $as_of
            else f.state_told_on
        end as state_on,
        case
            when f.state = 'withdrawn' then coalesce(
                case when b.state = 'withdrawn' then b.state_reason end, f.reason_told, f.withdrawn_because, 'policy'
            )
            when f.state = 'reopened' then coalesce(nullif(f.outcome, 'removed'), f.reason_told)
            when f.state in ('denied', 'held') then f.reason_code
            when f.state = 'expired' then 'no_response'
        end as state_reason,
        case
            when f.outcome in ('still_assigned', 'active_again') then f.outcome
            when f.state = 'reopened' then f.reason_told
        end as finding,
        coalesce(b.regranted_on, case when f.state_told = 'verified' and f.has_the_seat then $as_of end)
            as regranted_on,
        coalesce(f.executed_on, b.executed_on, case when f.outcome = 'removed' then f.fed_on end) as carried_out_on,
        v.contracted_on,
        v.realised_on,
        v.realised_by
    from states_and_findings as f
    left join earlier.review_candidates as b on b.candidate_id = f.candidate_id
    left join review.contracted_savings as v on v.candidate_id = f.candidate_id
),

candidates_in_their_state as (
    select
        e.candidate_id,
        e.evidence_on,
        e.app_id,
        e.account_id,
        e.sku_id,
        e.tier,
        e.person_key,
        e.reason,
        e.rule,
        e.action,
        e.target_tier,
        e.target_sku_id,
        e.policy_version_id,
        e.override_indexes,
        e.mode,
        e.sensitivity,
        e.idle_since,
        e.idle_since_is_at_least,
        e.observed_through,
        e.idle_days,
        e.inactive_after_days,
        e.last_counted_use_on,
        e.last_sign_in_on,
        e.last_feature_use_on,
        e.evidence_grade,
        e.assigned_on,
        e.evidence_terminated_on,
        e.evidence_seat_ref,
        e.evidence_person_ref,
        e.evidence_sign_in_ref,
        e.evidence_feature_use_ref,
        e.episode_from,
        e.flip,
        e.approver_person_key,
        e.approver_email,
        e.approver_route,
        e.on_no_response,
        e.is_checker_required,
        e.grant_paths,
        e.reclaim_consequence,
        e.annual_saving_amount,
        e.annual_saving_currency,
        e.contract_annual_saving_amount,
        e.contract_annual_saving_currency,
        e.saving_gap,
        e.is_cash_releasing,
        e.cash_on,
        e.first_due_on,
        e.is_proposed,
        e.evidence_sha256,
        s.state,
        s.is_found,
        s.state_at,
        coalesce(s.state_on, e.episode_from) as state_on,
        s.state_seq,
        s.state_reason,
        s.finding,
        s.regranted_on,
        s.step,
        s.asked_approver_key,
        s.asked_at,
        s.asked_due_on,
        s.decision,
        s.decided_by_key,
        s.decided_at,
        s.decided_on,
        s.decision_channel,
        s.reason_code,
        s.checker_key,
        s.checked_at,
        s.exported_at,
        s.batch,
        s.idempotency_key,
        s.ticket,
        s.carried_out_on as executed_on,
        s.contracted_on,
        s.realised_on,
        s.realised_by,
        s.state in (
            'denied', 'held', 'self_confirmed', 'expired', 'rejected', 'withdrawn', 'verified', 'rolled_back'
        ) as is_closed
    from review.evidence as e
    inner join states_with_their_day as s on s.candidate_id = e.candidate_id
),

final as (
    select
        candidate_id,
        $as_of as as_of,
        evidence_on,
        app_id,
        account_id,
        sku_id,
        tier,
        person_key,
        reason,
        rule,
        action,
        target_tier,
        target_sku_id,
        policy_version_id,
        override_indexes,
        mode,
        sensitivity,
        idle_since,
        idle_since_is_at_least,
        observed_through,
        idle_days,
        inactive_after_days,
        last_counted_use_on,
        last_sign_in_on,
        last_feature_use_on,
        evidence_grade,
        assigned_on,
        evidence_terminated_on,
        evidence_seat_ref,
        evidence_person_ref,
        evidence_sign_in_ref,
        evidence_feature_use_ref,
        episode_from,
        flip,
        approver_person_key,
        approver_email,
        approver_route,
        on_no_response,
        is_checker_required,
        grant_paths,
        reclaim_consequence,
        annual_saving_amount,
        annual_saving_currency,
        contract_annual_saving_amount,
        contract_annual_saving_currency,
        saving_gap,
        is_cash_releasing,
        cash_on,
        first_due_on,
        is_proposed,
        evidence_sha256,
        state,
        case when is_found then null else state_at end as state_at,
        state_on,
        case when is_found then null else state_seq end as state_entry_seq,
        coalesce(state_reason, reason) as state_reason,
        state not in ('open', 'notified') as is_frozen,
        episode_from as opened_on,
        coalesce(asked_due_on, first_due_on) as due_on,
        step,
        asked_approver_key,
        asked_at,
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
        executed_on,
        finding,
        regranted_on,
        case when is_closed then state_on end as closed_on,
        case
            when regranted_on is not null then null
            when realised_on is not null then 'realised'
            when contracted_on is not null then 'contracted'
            when state in ('open', 'notified') then 'identified'
            when state in ('accepted', 'approved', 'exported', 'reopened') then 'accepted'
            when state in ('executed', 'verified') then 'executed'
        end as savings_state,
        contracted_on,
        realised_on,
        realised_by
    from candidates_in_their_state
    where is_proposed
        or not is_closed
        or state_on > $as_of - 396
        -- a saving is followed until its contract was renewed and paid
        or (state = 'verified' and cash_on > $as_of - 396)
)

select
    candidate_id,
    as_of,
    evidence_on,
    app_id,
    account_id,
    sku_id,
    tier,
    person_key,
    reason,
    rule,
    action,
    target_tier,
    target_sku_id,
    policy_version_id,
    override_indexes,
    mode,
    sensitivity,
    idle_since,
    idle_since_is_at_least,
    observed_through,
    idle_days,
    inactive_after_days,
    last_counted_use_on,
    last_sign_in_on,
    last_feature_use_on,
    evidence_grade,
    assigned_on,
    evidence_terminated_on,
    evidence_seat_ref,
    evidence_person_ref,
    evidence_sign_in_ref,
    evidence_feature_use_ref,
    episode_from,
    flip,
    approver_person_key,
    approver_email,
    approver_route,
    on_no_response,
    is_checker_required,
    grant_paths,
    reclaim_consequence,
    annual_saving_amount,
    annual_saving_currency,
    contract_annual_saving_amount,
    contract_annual_saving_currency,
    saving_gap,
    is_cash_releasing,
    cash_on,
    first_due_on,
    is_proposed,
    evidence_sha256,
    state,
    state_at,
    state_on,
    state_entry_seq,
    state_reason,
    is_frozen,
    opened_on,
    due_on,
    step,
    asked_approver_key,
    asked_at,
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
    executed_on,
    finding,
    regranted_on,
    closed_on,
    savings_state,
    contracted_on,
    realised_on,
    realised_by
from final
