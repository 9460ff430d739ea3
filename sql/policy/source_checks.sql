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
    from policy.seat_facts as s
    inner join policy.segments as w
        on w.app_id = s.app_id
        and w.tier = s.tier
        and w.cohort_number = s.cohort_number
    where w.has_policy
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
