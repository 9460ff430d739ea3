-- One row per seat under a policy: are the sources its verdict needs good? (Per window: policy.window_checks.)
with final as (
    select
        s.app_id,
        s.account_id,
        s.sku_id,
        w.observed_through,
        w.is_hr_good,
        w.is_directory_landed,
        w.has_stale,
        w.has_partial,
        w.has_concealed,
        w.has_hole,
        w.failing_sources
    from policy.seat_policies as s
    inner join policy.window_checks as w
        on w.app_id = s.app_id
        and w.counts_feature_use = s.counts_feature_use
        and w.counts_sign_in = s.counts_sign_in
        and w.inactive_after_days = s.inactive_after_days
)

select
    app_id,
    account_id,
    sku_id,
    observed_through,
    is_hr_good,
    is_directory_landed,
    has_stale,
    has_partial,
    has_concealed,
    has_hole,
    failing_sources
from final
