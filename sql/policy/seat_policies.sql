-- One row per seat: the policy that governs it at the as-of date, every field after overrides (NULL: no policy).
with final as (
    select
        f.app_id,
        f.account_id,
        f.sku_id,
        g.policy_version_id,
        g.override_indexes,
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
        g.min_signal_coverage
    from policy.seat_facts as f
    inner join policy.segment_policies as g
        on g.app_id = f.app_id
        and g.tier = f.tier
        and g.cohort_number = f.cohort_number
)

select
    app_id,
    account_id,
    sku_id,
    policy_version_id,
    override_indexes,
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
    min_signal_coverage
from final
