-- One row per seat: who holds it, what people said of it, when it was used. No policy is in it: app, tier and cohort
-- name its segment, and that is all a verdict needs beside these facts. All dates are resolved to the as-of
-- date; a NULL means "none". Every join copies what the joins before it have brought, so what is small is put together
-- first, and what is wide stays away.
with tier_rules_that_decide as (
    -- The first tier rule in the file that holds decides; if none holds, the first one is shown.
    select
        app_id,
        account_id,
        sku_id,
        coalesce(min(rule_index) filter (where tier_rule_holds), min(rule_index)) as tier_rule_index,
        bool_or(tier_rule_holds) as tier_rule_holds
    from policy.tier_checks
    group by app_id, account_id, sku_id
),

what_few_seats_have as (
    select
        coalesce(e.app_id, t.app_id) as app_id,
        coalesce(e.account_id, t.account_id) as account_id,
        coalesce(e.sku_id, t.sku_id) as sku_id,
        e.exception_from,
        e.exception_until,
        e.exception_reason_code,
        e.hold_from,
        e.hold_until,
        e.confirmed_on,
        e.downgraded_on,
        t.tier_rule_index,
        t.tier_rule_holds
    from policy.seat_exemptions as e
    full join tier_rules_that_decide as t
        on t.app_id = e.app_id
        and t.account_id = e.account_id
        and t.sku_id = e.sku_id
),

seats_with_one_reference as (
    select
        app_id,
        account_id,
        sku_id,
        coalesce(tier, '') as tier,
        coalesce(is_paid, true) as is_paid,
        person_key,
        match_rule,
        case when account_type is not null then account_type when is_ambiguous then 'ambiguous' end as protection,
        assigned_on,
        source || '/' || stream || '@' || cast(landing as text) as seat_ref
    from core.seats
),

final as (
    select
        s.app_id,
        s.account_id,
        s.sku_id,
        s.tier,
        coalesce(p.cohort_number, 0) as cohort_number,
        s.is_paid,
        s.person_key,
        s.person_key is null as is_orphan,
        s.match_rule,
        case
            when s.protection is not null then s.protection
            when p.has_quarantined_row then 'quarantined'
        end as protection,
        coalesce(p.is_under_legal_hold, false) as is_under_legal_hold,
        p.legal_hold_from,
        p.legal_hold_to,
        coalesce(p.is_terminated, false) as is_terminated,
        p.terminated_on,
        p.next_start_on,
        p.leave_from,
        p.leave_to,
        p.next_assignment_on,
        p.bench_from,
        f.exception_from,
        f.exception_until,
        f.exception_reason_code,
        f.hold_from,
        f.hold_until,
        f.confirmed_on,
        f.downgraded_on,
        s.assigned_on,
        u.last_sign_in_on,
        u.last_feature_use_on,
        u.feature_bound_on,
        coalesce(u.is_feature_covered, false) as is_feature_covered,
        coalesce(u.is_feature_covered and u.feature_reaches_back_on <= s.assigned_on, false) as has_feature_history,
        coalesce(u.is_sign_in_covered, false) as is_sign_in_covered,
        coalesce(u.is_sign_in_covered and u.sign_in_reaches_back_on <= s.assigned_on, false) as has_sign_in_history,
        coalesce(u.sign_in_days_90, 0) as sign_in_days_90,
        coalesce(u.feature_uses_90, 0) as feature_uses_90,
        f.tier_rule_index,
        coalesce(f.tier_rule_holds, false) as tier_rule_holds,
        s.seat_ref,
        p.person_ref,
        u.last_sign_in_ref,
        u.last_feature_use_ref
    from seats_with_one_reference as s
    left join core.seat_signals as u
        on u.app_id = s.app_id
        and u.account_id = s.account_id
        and u.sku_id = s.sku_id
    left join what_few_seats_have as f
        on f.app_id = s.app_id
        and f.account_id = s.account_id
        and f.sku_id = s.sku_id
    left join policy.person_evidence as p on p.person_key = s.person_key
)

select
    app_id,
    account_id,
    sku_id,
    tier,
    cohort_number,
    is_paid,
    person_key,
    is_orphan,
    match_rule,
    protection,
    is_under_legal_hold,
    legal_hold_from,
    legal_hold_to,
    is_terminated,
    terminated_on,
    next_start_on,
    leave_from,
    leave_to,
    next_assignment_on,
    bench_from,
    exception_from,
    exception_until,
    exception_reason_code,
    hold_from,
    hold_until,
    confirmed_on,
    downgraded_on,
    assigned_on,
    last_sign_in_on,
    last_feature_use_on,
    feature_bound_on,
    is_feature_covered,
    has_feature_history,
    is_sign_in_covered,
    has_sign_in_history,
    sign_in_days_90,
    feature_uses_90,
    tier_rule_index,
    tier_rule_holds,
    seat_ref,
    person_ref,
    last_sign_in_ref,
    last_feature_use_ref
from final
