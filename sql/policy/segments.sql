-- One row per segment: all that the verdicts on its seats share, put together once, so that one join brings it to a
-- seat: the policy after overrides, the sources it needs, the app, the next lower tier, and what each rule asks.
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

segments_judged as (
    select
        g.app_id,
        g.tier,
        g.cohort_number,
        g.region,
        g.policy_version_id is not null as has_policy,
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
        -- Where removal would destroy data, or the worker type or app is so designated, a reclaim becomes a suspension.
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
        coalesce(c.is_hr_good and c.is_directory_landed, false) as are_leavers_known,
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

final as (
    select
        s.*,
        idle_action = 'downgrade_first' as is_downgrade_first,
        -- Windows and graces as days of the calendar: a seat has only to be compared with them. What is recent was
        -- after the first; what is idle since the second or earlier is idle for a whole window, as far as observed.
        $as_of - inactive_after_days as recent_use_after,
        observed_through - inactive_after_days as inactive_through,
        $as_of - new_seat_grace_days as new_seat_after,
        $as_of - leave_return_grace_days as leave_return_after,
        $as_of - bench_grace_days as bench_after,
        $as_of - self_confirm_days as confirmed_after,
        $as_of + upcoming_hold_days as upcoming_before,
        -- Actions as policy.outcomes counts them: 1 reclaim, 2 suspend, 3 downgrade, and 0 none.
        case when is_suspended_instead then 2 else 1 end as removal_number,
        case when orphan_action <> 'reclaim' then 0 when is_suspended_instead then 2 else 1 end as orphan_number,
        -- What rule 12 asks for, unless the seat was downgraded in this idle episode already.
        case
            when idle_action = 'suspend' then 2
            when idle_action = 'downgrade_first' and lower_sku_id is not null then 3
            when is_suspended_instead then 2
            else 1
        end as idle_number,
        -- Of several reasons of rule 10 the first, ten for each: stale, partial, concealed, hole.
        case
            when has_stale then 10
            when has_partial then 20
            when has_concealed then 30
            when has_hole then 40
            else 0
        end as failing_number
    from segments_judged as s
)

select
    app_id,
    tier,
    cohort_number,
    region,
    has_policy,
    policy_version_id,
    next_version_on,
    override_indexes,
    window_override_index,
    mode,
    counts_feature_use,
    counts_sign_in,
    inactive_after_days,
    new_seat_grace_days,
    leave_return_grace_days,
    bench_grace_days,
    upcoming_hold_days,
    self_confirm_days,
    idle_action,
    orphan_action,
    leaver_due_days,
    due_days,
    on_no_response,
    maker_checker,
    min_signal_coverage,
    sensitivity,
    is_high_sensitivity,
    reclaim_consequence,
    is_suspended_instead,
    is_feature_judged,
    is_sign_in_judged,
    is_signal_weak,
    sign_in_seat_share,
    observed_through,
    is_hr_good,
    is_directory_landed,
    are_leavers_known,
    has_stale,
    has_partial,
    has_concealed,
    has_hole,
    has_failing_source,
    failing_sources,
    lower_tier,
    lower_sku_id,
    is_lower_paid,
    recent_use_after,
    inactive_through,
    new_seat_after,
    leave_return_after,
    bench_after,
    confirmed_after,
    upcoming_before,
    is_downgrade_first,
    removal_number,
    orphan_number,
    idle_number,
    failing_number
from final
