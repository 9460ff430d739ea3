-- One row per segment: seats of one app and tier whose people are of one cohort, so that no override can tell them
-- apart, with the policy that results for them. '*' is any value that nothing names, '' as a tier an unknown one;
-- accounts without a person have only an app and a tier, so only tier overrides match. Overrides apply by key_count,
-- then override_index; the last that sets a field wins. (Validation has already refused two of one key_count that match
-- one seat and disagree, so the index only makes the order total.)
with kinds_of_seats as (
    select distinct
        app_id,
        tier,
        cohort_number
    from policy.seat_facts
),

cohorts as (
    select
        cohort_number,
        named_worker_type as worker_type,
        named_region as region,
        named_practice as practice,
        named_job_family as job_family
    from policy.cohorts
    union
    -- Of people whom nothing names, and of nobody.
    select
        0 as cohort_number,
        '*' as worker_type,
        '*' as region,
        '*' as practice,
        '*' as job_family
),

segments_of_the_seats as (
    select
        k.app_id,
        k.tier,
        k.cohort_number,
        c.worker_type,
        c.region,
        c.practice,
        c.job_family
    from kinds_of_seats as k
    inner join cohorts as c on c.cohort_number = k.cohort_number
),

overrides_that_match as (
    select
        g.app_id,
        g.tier,
        g.cohort_number,
        o.override_index,
        o.key_count,
        o.mode,
        o.counts_feature_use,
        o.counts_sign_in,
        o.inactive_after_days,
        o.new_seat_grace_days,
        o.leave_return_grace_days,
        o.bench_grace_days,
        o.upcoming_hold_days,
        o.self_confirm_days,
        o.idle_action,
        o.orphan_action,
        o.leaver_due_days,
        o.due_days,
        o.on_no_response,
        o.maker_checker,
        o.min_signal_coverage
    from segments_of_the_seats as g
    inner join policy.effective_policies as v on v.app_id = g.app_id
    inner join policies.overrides as o
        on o.app_id = v.app_id
        and o.policy_version_id = v.policy_version_id
    where (o.tier is null or o.tier = g.tier)
        and (o.worker_type is null or o.worker_type = g.worker_type)
        and (o.region is null or o.region = g.region)
        and (o.practice is null or o.practice = g.practice)
        and (o.job_family is null or o.job_family = g.job_family)
),

fields_as_overridden as (
    select
        app_id,
        tier,
        cohort_number,
        string_agg(cast(override_index as text), '|' order by key_count, override_index) as override_indexes,
        first_value(override_index order by key_count desc, override_index desc)
            filter (where inactive_after_days is not null) as window_override_index,
        first_value(mode order by key_count desc, override_index desc)
            filter (where mode is not null) as mode,
        first_value(counts_feature_use order by key_count desc, override_index desc)
            filter (where counts_feature_use is not null) as counts_feature_use,
        first_value(counts_sign_in order by key_count desc, override_index desc)
            filter (where counts_sign_in is not null) as counts_sign_in,
        first_value(inactive_after_days order by key_count desc, override_index desc)
            filter (where inactive_after_days is not null) as inactive_after_days,
        first_value(new_seat_grace_days order by key_count desc, override_index desc)
            filter (where new_seat_grace_days is not null) as new_seat_grace_days,
        first_value(leave_return_grace_days order by key_count desc, override_index desc)
            filter (where leave_return_grace_days is not null) as leave_return_grace_days,
        first_value(bench_grace_days order by key_count desc, override_index desc)
            filter (where bench_grace_days is not null) as bench_grace_days,
        first_value(upcoming_hold_days order by key_count desc, override_index desc)
            filter (where upcoming_hold_days is not null) as upcoming_hold_days,
        first_value(self_confirm_days order by key_count desc, override_index desc)
            filter (where self_confirm_days is not null) as self_confirm_days,
        first_value(idle_action order by key_count desc, override_index desc)
            filter (where idle_action is not null) as idle_action,
        first_value(orphan_action order by key_count desc, override_index desc)
            filter (where orphan_action is not null) as orphan_action,
        first_value(leaver_due_days order by key_count desc, override_index desc)
            filter (where leaver_due_days is not null) as leaver_due_days,
        first_value(due_days order by key_count desc, override_index desc)
            filter (where due_days is not null) as due_days,
        first_value(on_no_response order by key_count desc, override_index desc)
            filter (where on_no_response is not null) as on_no_response,
        first_value(maker_checker order by key_count desc, override_index desc)
            filter (where maker_checker is not null) as maker_checker,
        first_value(min_signal_coverage order by key_count desc, override_index desc)
            filter (where min_signal_coverage is not null) as min_signal_coverage
    from overrides_that_match
    group by app_id, tier, cohort_number
),

next_versions as (
    select
        app_id,
        min(effective_from) as next_version_on
    from policies.versions
    where effective_from > $as_of
    group by app_id
),

final as (
    select
        g.app_id,
        g.tier,
        g.cohort_number,
        g.worker_type,
        g.region,
        g.practice,
        g.job_family,
        v.policy_version_id,
        n.next_version_on,
        o.override_indexes,
        o.window_override_index,
        coalesce(o.mode, v.mode) as mode,
        coalesce(o.counts_feature_use, v.counts_feature_use) as counts_feature_use,
        coalesce(o.counts_sign_in, v.counts_sign_in) as counts_sign_in,
        coalesce(o.inactive_after_days, v.inactive_after_days) as inactive_after_days,
        coalesce(o.new_seat_grace_days, v.new_seat_grace_days) as new_seat_grace_days,
        coalesce(o.leave_return_grace_days, v.leave_return_grace_days) as leave_return_grace_days,
        coalesce(o.bench_grace_days, v.bench_grace_days) as bench_grace_days,
        coalesce(o.upcoming_hold_days, v.upcoming_hold_days) as upcoming_hold_days,
        coalesce(o.self_confirm_days, v.self_confirm_days) as self_confirm_days,
        coalesce(o.idle_action, v.idle_action) as idle_action,
        coalesce(o.orphan_action, v.orphan_action) as orphan_action,
        coalesce(o.leaver_due_days, v.leaver_due_days) as leaver_due_days,
        coalesce(o.due_days, v.due_days) as due_days,
        coalesce(o.on_no_response, v.on_no_response) as on_no_response,
        coalesce(o.maker_checker, v.maker_checker) as maker_checker,
        coalesce(o.min_signal_coverage, v.min_signal_coverage) as min_signal_coverage
    from segments_of_the_seats as g
    left join policy.effective_policies as v on v.app_id = g.app_id
    left join next_versions as n on n.app_id = g.app_id
    left join fields_as_overridden as o
        on o.app_id = g.app_id
        and o.tier = g.tier
        and o.cohort_number = g.cohort_number
)

select
    app_id,
    tier,
    cohort_number,
    worker_type,
    region,
    practice,
    job_family,
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
    min_signal_coverage
from final
