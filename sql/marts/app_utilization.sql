-- A row is an app: how many of its seats are in use, on what evidence, and how much of what was bought that is.
with seats_counted_per_app as (
    select
        app_id,
        count(*) as seat_count,
        count(*) filter (where is_paid) as paid_seat_count,
        count(*) filter (where is_active_30) as active_30_count,
        count(*) filter (where is_active_60) as active_60_count,
        count(*) filter (where is_active_90) as active_90_count,
        count(*) filter (where is_active_90 and is_paid) as paid_active_90_count,
        count(*) filter (where is_never_used) as never_used_count,
        count(*) filter (where verdict = 'unknown') as unknown_count,
        count(*) filter (where verdict = 'candidate') as candidate_count,
        count(*) filter (where reason = 'over_tiered') as over_tiered_count,
        count(*) filter (where evidence_grade = 'feature') as grade_feature_count,
        count(*) filter (where evidence_grade = 'sign_in') as grade_sign_in_count,
        count(*) filter (where evidence_grade = 'weak') as grade_weak_count,
        count(*) filter (where evidence_grade = 'none') as grade_none_count,
        count(*) filter (where evidence_grade is null) as ungraded_count,
        min(observed_through) as observed_through
    from marts.seat_usage
    group by app_id
),

-- one account may have several seats
accounts_with_a_seat as (
    select app_id, account_id, count(*) filter (where is_active_90) as active_90_count
    from marts.seat_usage
    group by app_id, account_id
),

accounts_counted_per_app as (
    select
        app_id,
        count(account_id) as account_count,
        count(account_id) filter (where active_90_count > 0) as active_90_account_count
    from accounts_with_a_seat
    group by app_id
),

licences_bought_per_app as (
    select
        app_id,
        sum(purchased_quantity) as purchased_quantity
    from marts.tier_allocation
    group by app_id
),

-- lines of the app that no tier matches cost money too
cost_per_app as (
    select
        app_id,
        sum(reporting_annual_amount) as reporting_annual_amount
    from core.contract_lines
    where is_in_force and app_id is not null
    group by app_id
),

final as (
    select
        a.app_id,
        a.name as app_name,
        a.vendor,
        a.sensitivity,
        e.policy_version_id,
        e.mode,
        coalesce(b.purchased_quantity, 0) as purchased_quantity,
        coalesce(s.seat_count, 0) as seat_count,
        coalesce(s.paid_seat_count, 0) as paid_seat_count,
        coalesce(n.account_count, 0) as account_count,
        coalesce(s.active_30_count, 0) as active_30_count,
        coalesce(s.active_60_count, 0) as active_60_count,
        coalesce(s.active_90_count, 0) as active_90_count,
        coalesce(s.paid_active_90_count, 0) as paid_active_90_count,
        coalesce(n.active_90_account_count, 0) as active_90_account_count,
        coalesce(s.never_used_count, 0) as never_used_count,
        coalesce(s.unknown_count, 0) as unknown_count,
        coalesce(s.candidate_count, 0) as candidate_count,
        coalesce(s.over_tiered_count, 0) as over_tiered_count,
        coalesce(s.grade_feature_count, 0) as grade_feature_count,
        coalesce(s.grade_sign_in_count, 0) as grade_sign_in_count,
        coalesce(s.grade_weak_count, 0) as grade_weak_count,
        coalesce(s.grade_none_count, 0) as grade_none_count,
        coalesce(s.ungraded_count, 0) as ungraded_count,
        coalesce(g.sign_in_collected, false) as is_sign_in_collected,
        coalesce(g.feature_collected, false) as is_feature_collected,
        g.sign_in_seat_share,
        coalesce(g.sign_in_collected and g.sign_in_seat_share < e.min_signal_coverage, false)
            as has_weak_sign_in_signal,
        g.sign_in_complete_through,
        g.feature_complete_through,
        s.observed_through,
        cast(
            cast(s.paid_active_90_count as decimal(18, 6))
            / nullif(cast(b.purchased_quantity as decimal(18, 6)), cast(0 as decimal(18, 6)))
        as decimal(12, 6)) as utilisation_ratio,
        cast(
            cast(s.paid_seat_count as decimal(18, 6))
            / nullif(cast(b.purchased_quantity as decimal(18, 6)), cast(0 as decimal(18, 6)))
        as decimal(12, 6)) as allocation_ratio,
        l.reporting_annual_amount,
        round_money(
            l.reporting_annual_amount
            / nullif(cast(n.active_90_account_count as decimal(18, 6)), cast(0 as decimal(18, 6)))
        ) as cost_per_active_account_amount,
        c.reporting_currency
    from core.apps as a
    cross join config.project as c
    left join seats_counted_per_app as s on s.app_id = a.app_id
    left join accounts_counted_per_app as n on n.app_id = a.app_id
    left join licences_bought_per_app as b on b.app_id = a.app_id
    left join cost_per_app as l on l.app_id = a.app_id
    left join core.app_signals as g on g.app_id = a.app_id
    left join policy.effective_policies as e on e.app_id = a.app_id
)

select
    app_id, app_name, vendor, sensitivity, policy_version_id, mode, purchased_quantity, seat_count, paid_seat_count,
    account_count, active_30_count, active_60_count, active_90_count, paid_active_90_count, active_90_account_count,
    never_used_count, unknown_count, candidate_count, over_tiered_count, grade_feature_count, grade_sign_in_count,
    grade_weak_count, grade_none_count, ungraded_count, is_sign_in_collected, is_feature_collected,
    sign_in_seat_share, has_weak_sign_in_signal, sign_in_complete_through, feature_complete_through,
    observed_through, utilisation_ratio, allocation_ratio, reporting_annual_amount, cost_per_active_account_amount,
    reporting_currency
from final
