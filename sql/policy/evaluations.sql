-- One row per seat: the verdict of the first rule of semantics section 6 that holds, why, what to do, by when, what it
-- saves and what would change it, beside the evidence. The verdict itself is made in policy.verdicts, of numbers alone;
-- here it is put in words and brought together with what its reader asks next.
with flip_days as (
    -- A few hundred days serve all seats: each is worked out and written once.
    select
        d.flips_in_days,
        $as_of + d.flips_in_days as flips_on,
        cast($as_of + d.flips_in_days as text) as flips_on_text
    from (select distinct flips_in_days from policy.verdicts) as d
    where d.flips_in_days is not null
),

segments_in_words as (
    select
        g.app_id,
        g.tier,
        g.cohort_number,
        g.policy_version_id,
        g.override_indexes,
        g.mode,
        g.sensitivity,
        g.on_no_response,
        g.maker_checker or g.is_high_sensitivity as is_checker_required,
        g.observed_through,
        g.inactive_after_days,
        g.has_policy,
        g.is_signal_weak,
        g.failing_sources,
        case
            when g.has_failing_source
                then ' (then unknown, unless good again: ' || coalesce(g.failing_sources, '') || ')'
            else ''
        end as unless_failing,
        'a counted use is recorded, or more seats of the app sign in ('
        || cast(cast(g.sign_in_seat_share * 100 as decimal(9, 4)) as text) || ' % in 30 days, needed '
        || cast(cast(g.min_signal_coverage * 100 as decimal(9, 2)) as text) || ' %)' as coverage_in_words
    from policy.segments as g
),

-- What is narrow is put together first, as every join copies what the joins before it have brought; the side
-- of a join that is kept in memory is named first. Each seat has its facts, verdict, outcome and segment: right joins
-- only tell the planner so.
verdicts_and_proposals as (
    select
        v.app_id,
        v.account_id,
        v.sku_id,
        v.outcome,
        v.flips_in_days,
        v.last_counted_use_on,
        v.is_feature_seen,
        v.is_sign_in_seen,
        v.is_horizon_too_short,
        v.idle_since,
        v.idle_since_is_at_least,
        p.target_tier,
        p.target_sku_id,
        p.episode_from,
        p.due_on,
        p.annual_saving_amount,
        p.annual_saving_currency,
        p.contract_annual_saving_amount,
        p.contract_annual_saving_currency,
        p.saving_gap,
        p.cash_on,
        p.flip as proposal_flip
    from policy.proposals as p
    right join policy.verdicts as v
        on v.app_id = p.app_id
        and v.account_id = p.account_id
        and v.sku_id = p.sku_id
),

verdicts_and_days as (
    select
        v.*,
        d.flips_on,
        d.flips_on_text
    from flip_days as d
    right join verdicts_and_proposals as v on v.flips_in_days = d.flips_in_days
),

verdicts_in_words as (
    select
        v.*,
        o.rule,
        o.verdict,
        o.reason,
        o.action
    from policy.outcomes as o
    right join verdicts_and_days as v on v.outcome = o.outcome
),

verdicts_and_evidence as (
    select
        f.app_id,
        f.account_id,
        f.sku_id,
        f.tier,
        f.cohort_number,
        f.is_paid,
        f.person_key,
        f.match_rule,
        f.protection,
        f.exception_reason_code,
        f.last_sign_in_on,
        f.last_feature_use_on,
        f.feature_bound_on,
        f.assigned_on,
        f.terminated_on,
        f.legal_hold_from,
        f.legal_hold_to,
        f.exception_from,
        f.exception_until,
        f.hold_from,
        f.hold_until,
        f.next_assignment_on,
        f.leave_from,
        f.leave_to,
        f.bench_from,
        f.confirmed_on,
        f.downgraded_on,
        f.sign_in_days_90,
        f.feature_uses_90,
        f.seat_ref,
        f.person_ref,
        f.last_sign_in_ref,
        f.last_feature_use_ref,
        v.rule,
        v.verdict,
        coalesce(v.reason, case when v.rule = 1 then f.protection else f.exception_reason_code end) as reason,
        v.action,
        v.last_counted_use_on,
        v.is_feature_seen,
        v.is_sign_in_seen,
        v.is_horizon_too_short,
        v.idle_since,
        v.idle_since_is_at_least,
        v.flips_on,
        v.flips_on_text,
        v.target_tier,
        v.target_sku_id,
        v.episode_from,
        v.due_on,
        v.annual_saving_amount,
        v.annual_saving_currency,
        v.contract_annual_saving_amount,
        v.contract_annual_saving_currency,
        v.saving_gap,
        v.cash_on,
        v.proposal_flip
    from verdicts_in_words as v
    right join policy.seat_facts as f
        on f.app_id = v.app_id
        and f.account_id = v.account_id
        and f.sku_id = v.sku_id
),

evaluations_in_words as (
    select
        v.*,
        g.policy_version_id,
        g.override_indexes,
        g.mode,
        g.sensitivity,
        g.on_no_response,
        g.is_checker_required,
        g.observed_through,
        g.inactive_after_days,
        g.has_policy,
        g.is_signal_weak,
        g.failing_sources,
        g.unless_failing,
        g.coverage_in_words
    from segments_in_words as g
    right join verdicts_and_evidence as v
        on v.app_id = g.app_id
        and v.tier = g.tier
        and v.cohort_number = g.cohort_number
),

final as (
    select
        $as_of as as_of,
        app_id,
        account_id,
        sku_id,
        nullif(tier, '') as tier,
        is_paid,
        person_key,
        match_rule,
        sensitivity,
        on_no_response,
        is_checker_required,
        verdict,
        reason,
        rule,
        action,
        target_tier,
        target_sku_id,
        policy_version_id,
        override_indexes,
        mode,
        idle_since,
        idle_since_is_at_least,
        observed_through,
        case when observed_through < idle_since then 0 else observed_through - idle_since end as idle_days,
        inactive_after_days,
        last_counted_use_on,
        last_sign_in_on,
        last_feature_use_on,
        case
            when is_feature_seen then 'feature'
            when is_sign_in_seen then case when is_signal_weak then 'weak' else 'sign_in' end
            when has_policy then 'none'
        end as evidence_grade,
        assigned_on,
        terminated_on as evidence_terminated_on,
        legal_hold_from as evidence_legal_hold_from,
        exception_from as evidence_exception_from,
        exception_until as evidence_exception_until,
        hold_from as evidence_hold_from,
        hold_until as evidence_hold_until,
        next_assignment_on as evidence_next_assignment_on,
        leave_from as evidence_leave_from,
        leave_to as evidence_leave_to,
        bench_from as evidence_bench_from,
        confirmed_on as evidence_confirmed_on,
        downgraded_on as evidence_downgraded_on,
        sign_in_days_90 as evidence_sign_in_days_90,
        feature_uses_90 as evidence_feature_uses_90,
        seat_ref as evidence_seat_ref,
        person_ref as evidence_person_ref,
        last_sign_in_ref as evidence_sign_in_ref,
        last_feature_use_ref as evidence_feature_use_ref,
        failing_sources as evidence_failing_sources,
        episode_from,
        due_on,
        -- Asked in the order of how many seats they are of: most are active.
        case
            when rule = 14 and is_paid and not is_horizon_too_short
                then 'no further counted use by ' || flips_on_text || unless_failing
            when proposal_flip is not null then proposal_flip
            when rule = 9 then 'the grace for new seats is over (' || flips_on_text || ')'
            when not is_paid and rule in (3, 11, 12, 13, 14) and reason not in ('orphan', 'recently_downgraded')
                then 'the seat moves to a paid SKU'
            when rule = 10 and failing_sources is not null
                then 'the failing sources are good again (' || failing_sources || ')'
                || case when person_key is null then '' else ', or a counted use is recorded' end
            when rule = 10 and reason = 'weak_signal' then coverage_in_words
            when rule = 10 then 'a collected source covers the account, or a counted use is recorded'
            when rule = 0 then 'a policy version of the app takes effect'
            when rule = 1 and protection = 'ambiguous' then 'one person alone claims the account'
            when rule = 1 and protection = 'quarantined' then 'the quarantined HR row of the person is corrected'
            when rule = 1 then 'the account is no longer typed ' || protection
            when rule = 2 and legal_hold_to is null then 'the legal hold is lifted'
            when rule = 2 then 'the legal hold ends (' || flips_on_text || ')'
            when rule = 4 then 'the exception expires (' || flips_on_text || ') or is withdrawn'
            when rule = 5 and hold_until is not null then 'the hold expires (' || flips_on_text || ') or is withdrawn'
            when rule = 5
                then 'the project assignment of ' || cast(next_assignment_on as text) || ' has begun or is dropped'
            when rule = 6 then 'the leave and the grace after its return are over (' || flips_on_text || ')'
            when rule = 7 then 'the bench grace is over (' || flips_on_text || ') or an assignment begins'
            when rule = 8 then 'the self-confirmation lapses (' || flips_on_text || ')'
            when rule = 11 then 'the account is matched to a person'
            when rule = 12
                then 'a whole window has passed since the downgrade (' || flips_on_text || ') or the seat is used'
            else 'the window is <= ' || cast(observed_through - feature_bound_on as text)
                || ' d (the source looks no further back)'
        end as flip,
        flips_on,
        annual_saving_amount,
        annual_saving_currency,
        contract_annual_saving_amount,
        contract_annual_saving_currency,
        saving_gap,
        cash_on
    from evaluations_in_words
)

select
    as_of,
    app_id,
    account_id,
    sku_id,
    tier,
    is_paid,
    person_key,
    match_rule,
    sensitivity,
    on_no_response,
    is_checker_required,
    verdict,
    reason,
    rule,
    action,
    target_tier,
    target_sku_id,
    policy_version_id,
    override_indexes,
    mode,
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
    evidence_legal_hold_from,
    evidence_exception_from,
    evidence_exception_until,
    evidence_hold_from,
    evidence_hold_until,
    evidence_next_assignment_on,
    evidence_leave_from,
    evidence_leave_to,
    evidence_bench_from,
    evidence_confirmed_on,
    evidence_downgraded_on,
    evidence_sign_in_days_90,
    evidence_feature_uses_90,
    evidence_seat_ref,
    evidence_person_ref,
    evidence_sign_in_ref,
    evidence_feature_use_ref,
    evidence_failing_sources,
    episode_from,
    due_on,
    flip,
    flips_on,
    annual_saving_amount,
    annual_saving_currency,
    contract_annual_saving_amount,
    contract_annual_saving_currency,
    saving_gap,
    cash_on
from final
