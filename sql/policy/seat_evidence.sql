-- One row per seat: every value that a rule of semantics section 6 compares, and whether each rule holds by itself.
-- Read it top down: facts are joined, dates are worked out, then rule_01_holds to rule_13_holds name the predicates.
-- policy.evaluations takes the first that holds. All dates are resolved to the as-of date; a NULL means "none".
with apps_and_what_removal_does as (
    select
        a.app_id,
        a.sensitivity,
        coalesce(a.is_high_sensitivity, false) as is_high_sensitivity,
        coalesce(a.reclaim_consequence, 'none') as reclaim_consequence,
        w.app_id is not null as is_suspend_designated
    from core.apps as a
    left join core.suspend_worker_types as w
        on w.app_id = a.app_id
        and w.worker_type = '*'
),

worker_types_to_suspend as (
    select
        app_id,
        worker_type
    from core.suspend_worker_types
    where worker_type <> '*'
),

-- All that the seats of a segment share is put together first: one join then brings it to the seats.
segments_judged as (
    select
        g.app_id,
        g.tier,
        g.worker_type,
        g.region,
        g.practice,
        g.job_family,
        g.policy_version_id,
        g.next_version_on,
        g.override_indexes,
        g.window_override_index,
        g.mode,
        g.counts_feature_use,
        g.counts_sign_in,
        g.inactive_after_days,
        g.new_seat_grace_days,
        g.leave_return_grace_days,
        g.bench_grace_days,
        g.upcoming_hold_days,
        g.self_confirm_days,
        g.idle_action,
        g.orphan_action,
        g.leaver_due_days,
        g.due_days,
        g.on_no_response,
        g.maker_checker,
        g.min_signal_coverage,
        a.sensitivity,
        coalesce(a.is_high_sensitivity, false) as is_high_sensitivity,
        a.reclaim_consequence,
        coalesce(a.is_suspend_designated, false)
            or w.worker_type is not null
            or coalesce(a.reclaim_consequence in ('data_deleted', 'hold_broken'), false) as is_suspended_instead,
        coalesce(g.counts_feature_use and c.is_feature_collected, false) as is_feature_judged,
        coalesce(g.counts_sign_in and c.is_sign_in_collected, false) as is_sign_in_judged,
        coalesce(c.sign_in_seat_share < g.min_signal_coverage, false) as is_signal_weak,
        c.sign_in_seat_share,
        c.observed_through,
        coalesce(c.is_hr_good, false) as is_hr_good,
        coalesce(c.is_directory_landed, false) as is_directory_landed,
        coalesce(c.has_stale, false) as has_stale,
        coalesce(c.has_partial, false) as has_partial,
        coalesce(c.has_concealed, false) as has_concealed,
        coalesce(c.has_hole, false) as has_hole,
        coalesce(c.has_stale or c.has_partial or c.has_concealed or c.has_hole, true) as has_failing_source,
        c.failing_sources,
        l.lower_tier,
        l.lower_sku_id,
        l.is_lower_paid
    from policy.segment_policies as g
    left join policy.window_checks as c
        on c.app_id = g.app_id
        and c.counts_feature_use = g.counts_feature_use
        and c.counts_sign_in = g.counts_sign_in
        and c.inactive_after_days = g.inactive_after_days
    left join apps_and_what_removal_does as a on a.app_id = g.app_id
    left join worker_types_to_suspend as w
        on w.app_id = g.app_id
        and w.worker_type = g.worker_type
    left join policy.tier_ladders as l
        on l.app_id = g.app_id
        and l.tier = g.tier
),

-- The first tier rule in the file that holds decides; if none holds, the first one is shown.
tier_rules_that_decide as (
    select
        app_id,
        account_id,
        sku_id,
        coalesce(min(rule_index) filter (where tier_rule_holds), min(rule_index)) as rule_index
    from policy.tier_checks
    group by app_id, account_id, sku_id
),

tier_outcomes as (
    select
        c.app_id,
        c.account_id,
        c.sku_id,
        c.rule_index,
        c.target_tier,
        c.target_sku_id,
        c.is_target_paid,
        c.min_uses,
        c.within_days,
        c.window_from,
        c.window_through,
        c.uses,
        c.tier_rule_holds
    from tier_rules_that_decide as d
    inner join policy.tier_checks as c
        on c.app_id = d.app_id
        and c.account_id = d.account_id
        and c.sku_id = d.sku_id
        and c.rule_index = d.rule_index
),

seats_and_their_people as (
    select
        s.app_id,
        s.account_id,
        s.sku_id,
        s.tier,
        coalesce(s.is_paid, true) as is_paid,
        s.assigned_on,
        coalesce(s.assigned_on_is_observed, false) as assigned_on_is_observed,
        s.person_key,
        s.match_rule,
        s.account_type,
        coalesce(s.is_ambiguous, false) as is_ambiguous,
        s.source || '/' || s.stream || '@' || cast(s.landing as text) as seat_ref,
        coalesce(s.tier, '') as tier_of_segment,
        coalesce(p.worker_type, '') as worker_type,
        coalesce(p.region, '') as region,
        coalesce(p.practice, '') as practice,
        coalesce(p.job_family, '') as job_family,
        coalesce(p.has_quarantined_row, false) as is_person_quarantined,
        coalesce(p.is_under_legal_hold, false) as is_under_legal_hold,
        p.legal_hold_from,
        p.legal_hold_to,
        coalesce(p.is_terminated, false) as is_terminated,
        p.terminated_on,
        p.next_start_on,
        p.leave_from,
        p.leave_to,
        p.is_leave_open_ended,
        p.next_assignment_on,
        p.bench_from,
        p.person_ref
    from core.seats as s
    left join policy.person_evidence as p on p.person_key = s.person_key
),

values_compared as (
    select
        s.app_id,
        s.account_id,
        s.sku_id,
        s.tier,
        s.is_paid,
        s.assigned_on,
        s.assigned_on_is_observed,
        s.person_key,
        s.match_rule,
        s.account_type,
        s.is_ambiguous,
        s.seat_ref,
        s.worker_type,
        s.region,
        s.is_person_quarantined,
        s.is_under_legal_hold,
        s.legal_hold_from,
        s.legal_hold_to,
        s.is_terminated,
        s.terminated_on,
        s.next_start_on,
        s.leave_from,
        s.leave_to,
        s.is_leave_open_ended,
        s.next_assignment_on,
        s.bench_from,
        s.person_ref,
        g.sensitivity,
        g.is_high_sensitivity,
        g.reclaim_consequence,
        g.is_suspended_instead,
        g.policy_version_id,
        g.next_version_on,
        g.override_indexes,
        g.window_override_index,
        g.mode,
        g.counts_feature_use,
        g.counts_sign_in,
        g.inactive_after_days,
        g.new_seat_grace_days,
        g.leave_return_grace_days,
        g.bench_grace_days,
        g.upcoming_hold_days,
        g.self_confirm_days,
        g.idle_action,
        g.orphan_action,
        g.leaver_due_days,
        g.due_days,
        g.on_no_response,
        g.maker_checker,
        g.min_signal_coverage,
        g.observed_through,
        g.sign_in_seat_share,
        g.is_hr_good,
        g.is_directory_landed,
        g.has_stale,
        g.has_partial,
        g.has_concealed,
        g.has_hole,
        g.has_failing_source,
        g.failing_sources,
        u.last_sign_in_on,
        u.last_sign_in_ref,
        u.last_feature_use_on,
        u.last_feature_use_ref,
        u.feature_bound_on,
        coalesce(u.sign_in_days_90, 0) as sign_in_days_90,
        coalesce(u.feature_uses_90, 0) as feature_uses_90,
        -- A signal the policy does not count is shown, never compared; once counted, all that was ever seen counts.
        greatest(
            case when g.counts_feature_use then u.last_feature_use_on end,
            case when g.counts_sign_in then u.last_sign_in_on end
        ) as last_counted_use_on,
        case when g.counts_feature_use then u.feature_bound_on end as counted_bound_on,
        case
            when g.policy_version_id is not null then greatest(
                s.assigned_on,
                case when g.counts_feature_use then u.last_feature_use_on end,
                case when g.counts_sign_in then u.last_sign_in_on end,
                case when g.counts_feature_use then u.feature_bound_on end
            )
        end as idle_since,
        case
            when g.policy_version_id is null then null
            when g.is_feature_judged and u.is_feature_covered then 'feature'
            when not (g.is_sign_in_judged and coalesce(u.is_sign_in_covered, false)) then 'none'
            when g.is_signal_weak then 'weak'
            else 'sign_in'
        end as evidence_grade,
        -- Each signal counted and collected must cover the account and reach back to the assignment.
        g.is_feature_judged or g.is_sign_in_judged as is_any_signal_judged,
        not g.is_feature_judged
            or coalesce(u.is_feature_covered and u.feature_reaches_back_on <= s.assigned_on, false)
            as has_feature_history,
        not g.is_sign_in_judged
            or coalesce(u.is_sign_in_covered and u.sign_in_reaches_back_on <= s.assigned_on, false)
            as has_sign_in_history,
        -- A spell about to begin is for the policy to judge: within upcoming_hold_days it is no termination.
        coalesce(
            s.is_terminated and (s.next_start_on is null or s.next_start_on >= $as_of + g.upcoming_hold_days), false
        ) as is_leaver,
        coalesce(g.observed_through - e.downgraded_on < g.inactive_after_days, false) as is_recently_downgraded,
        $as_of + g.upcoming_hold_days as upcoming_until,
        s.leave_to + g.leave_return_grace_days as leave_grace_until,
        s.bench_from + g.bench_grace_days as bench_grace_until,
        e.confirmed_on + g.self_confirm_days as confirmed_until,
        s.assigned_on + g.new_seat_grace_days as new_seat_until,
        e.exception_from,
        e.exception_until,
        e.exception_reason_code,
        e.exception_ref,
        e.hold_from,
        e.hold_until,
        e.hold_reason_code,
        e.hold_ref,
        e.confirmed_on,
        e.downgraded_on,
        g.lower_tier,
        g.lower_sku_id,
        g.is_lower_paid,
        t.rule_index as tier_rule_index,
        t.target_tier as tier_rule_target_tier,
        t.target_sku_id as tier_rule_target_sku_id,
        t.is_target_paid as is_tier_rule_target_paid,
        t.min_uses as tier_rule_min_uses,
        t.within_days as tier_rule_within_days,
        t.window_from as tier_rule_from,
        t.window_through as tier_rule_through,
        t.uses as tier_rule_uses,
        coalesce(t.tier_rule_holds, false) as tier_rule_holds
    from seats_and_their_people as s
    left join core.seat_signals as u
        on u.app_id = s.app_id
        and u.account_id = s.account_id
        and u.sku_id = s.sku_id
    left join policy.seat_exemptions as e
        on e.app_id = s.app_id
        and e.account_id = s.account_id
        and e.sku_id = s.sku_id
    left join tier_outcomes as t
        on t.app_id = s.app_id
        and t.account_id = s.account_id
        and t.sku_id = s.sku_id
    -- Last, as it is the widest: every join copies what the joins before it have brought.
    left join segments_judged as g
        on g.app_id = s.app_id
        and g.tier = s.tier_of_segment
        and g.worker_type = s.worker_type
        and g.region = s.region
        and g.practice = s.practice
        and g.job_family = s.job_family
),

final as (
    select
        app_id,
        account_id,
        sku_id,
        tier,
        is_paid,
        person_key,
        match_rule,
        seat_ref,
        person_ref,
        sensitivity,
        is_high_sensitivity,
        reclaim_consequence,
        is_suspended_instead,
        region,
        policy_version_id,
        next_version_on,
        override_indexes,
        window_override_index,
        mode,
        idle_action,
        orphan_action,
        leaver_due_days,
        due_days,
        on_no_response,
        maker_checker,
        account_type,
        is_ambiguous,
        is_person_quarantined,
        account_type is not null or is_ambiguous or is_person_quarantined as rule_01_holds,
        legal_hold_from,
        legal_hold_to,
        is_under_legal_hold as rule_02_holds,
        terminated_on,
        next_start_on,
        upcoming_hold_days,
        is_leaver,
        is_hr_good,
        is_directory_landed,
        is_leaver and is_hr_good and is_directory_landed as rule_03_holds,
        exception_from,
        exception_until,
        exception_reason_code,
        exception_ref,
        exception_until is not null as rule_04_holds,
        hold_from,
        hold_until,
        hold_reason_code,
        hold_ref,
        next_assignment_on,
        hold_until is not null or coalesce(next_assignment_on < upcoming_until, false) as rule_05_holds,
        leave_from,
        leave_to,
        is_leave_open_ended,
        leave_return_grace_days,
        leave_grace_until,
        coalesce($as_of < leave_grace_until, false) as rule_06_holds,
        bench_from,
        bench_grace_days,
        bench_grace_until,
        coalesce($as_of < bench_grace_until, false) as rule_07_holds,
        confirmed_on,
        self_confirm_days,
        confirmed_until,
        coalesce($as_of < confirmed_until, false) as rule_08_holds,
        assigned_on,
        assigned_on_is_observed,
        new_seat_grace_days,
        new_seat_until,
        coalesce($as_of < new_seat_until, false) as rule_09_holds,
        counts_feature_use,
        counts_sign_in,
        last_feature_use_on,
        last_feature_use_ref,
        feature_uses_90,
        feature_bound_on,
        last_sign_in_on,
        last_sign_in_ref,
        sign_in_days_90,
        last_counted_use_on,
        coalesce($as_of - last_counted_use_on < inactive_after_days, false) as is_recently_used,
        has_stale,
        has_partial,
        has_concealed,
        has_hole,
        failing_sources,
        sign_in_seat_share,
        min_signal_coverage,
        evidence_grade,
        -- Recorded use is enough to keep a matched person's seat; an orphan with a failing source may be anybody's.
        case
            when person_key is null and has_failing_source then true
            when $as_of - last_counted_use_on < inactive_after_days then false
            else has_failing_source or coalesce(evidence_grade in ('weak', 'none'), true)
        end as rule_10_holds,
        person_key is null as rule_11_holds,
        idle_since,
        coalesce(counted_bound_on > greatest(last_counted_use_on, assigned_on), false) as idle_since_is_at_least,
        observed_through,
        case when observed_through is not null then greatest(observed_through - idle_since, 0) end as idle_days,
        inactive_after_days,
        last_counted_use_on is null
            and is_any_signal_judged
            and has_feature_history
            and has_sign_in_history as is_never_used,
        lower_tier,
        lower_sku_id,
        is_lower_paid,
        downgraded_on,
        is_recently_downgraded,
        -- The idle episode outlasts a downgrade that nobody used the seat after. The smaller seat may bear a younger
        -- assignment date; a seat granted again a whole window later is a new story.
        coalesce(
            downgraded_on >= coalesce(last_counted_use_on, downgraded_on)
            and assigned_on < downgraded_on + inactive_after_days,
            false
        ) as is_downgraded_in_episode,
        coalesce(observed_through - idle_since >= inactive_after_days, false) as rule_12_holds,
        tier_rule_index,
        tier_rule_target_tier,
        tier_rule_target_sku_id,
        is_tier_rule_target_paid,
        tier_rule_min_uses,
        tier_rule_within_days,
        tier_rule_from,
        tier_rule_through,
        tier_rule_uses,
        -- Absence counts only on good sources. And a seat just downgraded is left alone for a window whether it is
        -- used (here) or not (rule 12): else more use would turn its grace into a candidate.
        tier_rule_holds and not has_failing_source and not is_recently_downgraded as rule_13_holds
    from values_compared
)

select
    app_id,
    account_id,
    sku_id,
    tier,
    is_paid,
    person_key,
    match_rule,
    seat_ref,
    person_ref,
    sensitivity,
    is_high_sensitivity,
    reclaim_consequence,
    is_suspended_instead,
    region,
    policy_version_id,
    next_version_on,
    override_indexes,
    window_override_index,
    mode,
    idle_action,
    orphan_action,
    leaver_due_days,
    due_days,
    on_no_response,
    maker_checker,
    account_type,
    is_ambiguous,
    is_person_quarantined,
    rule_01_holds,
    legal_hold_from,
    legal_hold_to,
    rule_02_holds,
    terminated_on,
    next_start_on,
    upcoming_hold_days,
    is_leaver,
    is_hr_good,
    is_directory_landed,
    rule_03_holds,
    exception_from,
    exception_until,
    exception_reason_code,
    exception_ref,
    rule_04_holds,
    hold_from,
    hold_until,
    hold_reason_code,
    hold_ref,
    next_assignment_on,
    rule_05_holds,
    leave_from,
    leave_to,
    is_leave_open_ended,
    leave_return_grace_days,
    leave_grace_until,
    rule_06_holds,
    bench_from,
    bench_grace_days,
    bench_grace_until,
    rule_07_holds,
    confirmed_on,
    self_confirm_days,
    confirmed_until,
    rule_08_holds,
    assigned_on,
    assigned_on_is_observed,
    new_seat_grace_days,
    new_seat_until,
    rule_09_holds,
    counts_feature_use,
    counts_sign_in,
    last_feature_use_on,
    last_feature_use_ref,
    feature_uses_90,
    feature_bound_on,
    last_sign_in_on,
    last_sign_in_ref,
    sign_in_days_90,
    last_counted_use_on,
    is_recently_used,
    has_stale,
    has_partial,
    has_concealed,
    has_hole,
    failing_sources,
    sign_in_seat_share,
    min_signal_coverage,
    evidence_grade,
    rule_10_holds,
    rule_11_holds,
    idle_since,
    idle_since_is_at_least,
    observed_through,
    idle_days,
    inactive_after_days,
    is_never_used,
    lower_tier,
    lower_sku_id,
    is_lower_paid,
    downgraded_on,
    is_recently_downgraded,
    is_downgraded_in_episode,
    rule_12_holds,
    tier_rule_index,
    tier_rule_target_tier,
    tier_rule_target_sku_id,
    is_tier_rule_target_paid,
    tier_rule_min_uses,
    tier_rule_within_days,
    tier_rule_from,
    tier_rule_through,
    tier_rule_uses,
    rule_13_holds
from final
