-- One row per seat: the policy that governs it at the as-of date, every field after overrides (NULL: no policy).
with seats_and_their_segments as (
    select
        s.app_id,
        s.account_id,
        s.sku_id,
        coalesce(s.tier, '') as tier,
        coalesce(p.worker_type, '') as worker_type,
        coalesce(p.region, '') as region,
        coalesce(p.practice, '') as practice,
        coalesce(p.job_family, '') as job_family
    from core.seats as s
    left join policy.person_evidence as p on p.person_key = s.person_key
),

final as (
    select
        s.app_id,
        s.account_id,
        s.sku_id,
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
    from seats_and_their_segments as s
    left join policy.segment_policies as g
        on g.app_id = s.app_id
        and g.tier = s.tier
        and g.worker_type = s.worker_type
        and g.region = s.region
        and g.practice = s.practice
        and g.job_family = s.job_family
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
