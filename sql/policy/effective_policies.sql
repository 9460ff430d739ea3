-- One row per app that has a policy version in force at the as-of date: the version as its file states it.
-- An app without a row here is governed by no policy (rule 0 of policy.evaluations).
with final as (
    select
        app_id,
        policy_version_id,
        effective_from,
        effective_to,
        owner_email,
        rationale,
        approved_by,
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
        content_sha256,
        file,
        line
    from policies.versions
    where effective_from <= $as_of
        and (effective_to is null or $as_of < effective_to)
)

select
    app_id,
    policy_version_id,
    effective_from,
    effective_to,
    owner_email,
    rationale,
    approved_by,
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
    content_sha256,
    file,
    line
from final
