-- One row per seat: the verdict of the first rule of semantics section 6 that holds, why, what to do, by when, what it
-- saves and what would change it. Rule 0: no policy in force; rule 14: nothing else held. The predicates are in
-- policy.seat_evidence. What would be a candidate but is free is kept: reason free_sku, under the rule that held.
with rules_in_order as (
    select
        e.*,
        case
            when policy_version_id is null then 0
            when rule_01_holds then 1
            when rule_02_holds then 2
            when rule_03_holds then 3
            when rule_04_holds then 4
            when rule_05_holds then 5
            when rule_06_holds then 6
            when rule_07_holds then 7
            when rule_08_holds then 8
            when rule_09_holds then 9
            when rule_10_holds then 10
            when rule_11_holds then 11
            when rule_12_holds then 12
            when rule_13_holds then 13
            else 14
        end as rule
    from policy.seat_evidence as e
),

-- What the rule asks for. NULL: nothing (an orphan to review, the grace after a downgrade, every other verdict).
actions_asked_for as (
    select
        r.*,
        case rule
            when 3 then 'reclaim'
            when 11 then case when orphan_action = 'reclaim' then 'reclaim' end
            when 12 then
                case
                    when idle_action <> 'downgrade_first' then idle_action
                    when is_downgraded_in_episode and is_recently_downgraded then null
                    when is_downgraded_in_episode then 'reclaim'
                    when lower_sku_id is not null then 'downgrade'
                    else 'reclaim'
                end
            when 13 then 'downgrade'
        end as action_asked_for
    from rules_in_order as r
),

-- Where removal would destroy data, or the worker type or app is so designated, a reclaim becomes a suspension.
verdicts as (
    select
        a.*,
        case
            when rule = 0 then 'keep'
            when rule = 1 then 'protected'
            when rule in (2, 4) then 'excepted'
            when rule = 5 then 'held'
            when rule in (6, 7, 9) then 'grace'
            when rule in (8, 14) then 'keep'
            when rule = 10 then 'unknown'
            when rule = 11 and action_asked_for is null then 'review'
            when rule = 12 and action_asked_for is null then 'grace'
            when not is_paid then 'keep'
            else 'candidate'
        end as verdict,
        case rule
            when 0 then 'no_policy'
            when 1 then
                case
                    when account_type is not null then account_type
                    when is_ambiguous then 'ambiguous'
                    else 'quarantined'
                end
            when 2 then 'legal_hold'
            when 4 then exception_reason_code
            when 5 then case when hold_until is not null then 'manager_hold' else 'upcoming_assignment' end
            when 6 then case when $as_of < leave_to then 'on_leave' else 'leave_return' end
            when 7 then 'bench'
            when 8 then 'self_confirmed'
            when 9 then 'new_seat'
            when 10 then
                case
                    when has_stale then 'stale_source'
                    when has_partial then 'partial_source'
                    when has_concealed then 'concealed_names'
                    when has_hole then 'coverage_hole'
                    when evidence_grade = 'weak' then 'weak_signal'
                    else 'no_signal'
                end
            when 14 then 'active'
            else
                case
                    when action_asked_for is not null and not is_paid then 'free_sku'
                    when rule = 3 then 'leaver'
                    when rule = 11 then 'orphan'
                    when rule = 13 then 'over_tiered'
                    when action_asked_for is null then 'recently_downgraded'
                    when is_never_used then 'never_used'
                    else 'inactive'
                end
        end as reason,
        case
            when not is_paid then null
            when action_asked_for = 'reclaim' and is_suspended_instead then 'suspend'
            else action_asked_for
        end as action
    from actions_asked_for as a
),

-- A downgrade lands on the tier the rule names; a suspended seat stays on its SKU, at its suspended price if any.
targets as (
    select
        v.*,
        case when action = 'downgrade' then case when rule = 13 then tier_rule_target_tier else lower_tier end end
            as target_tier,
        case
            when action = 'downgrade' then case when rule = 13 then tier_rule_target_sku_id else lower_sku_id end
        end as target_sku_id,
        coalesce(
            action = 'downgrade' and not case when rule = 13 then is_tier_rule_target_paid else is_lower_paid end,
            false
        ) as is_target_free,
        case
            when action = 'suspend' then sku_id
            when action = 'downgrade' then case when rule = 13 then tier_rule_target_sku_id else lower_sku_id end
        end as priced_sku_id,
        -- A source whose horizon is shorter than the window can never show inactivity, however long one waits.
        coalesce(counts_feature_use and observed_through - feature_bound_on < inactive_after_days, false)
            as is_horizon_too_short
    from verdicts as v
),

-- The day on which time alone would change the verdict. A source that lags can tell no earlier than tomorrow.
flip_days as (
    select
        t.*,
        case
            when verdict in ('protected', 'unknown', 'review', 'candidate') then null
            when rule = 0 then next_version_on
            when rule = 2 then legal_hold_to
            when rule = 4 then exception_until
            when rule = 5 and hold_until is not null then hold_until
            when rule = 5 then next_assignment_on + 1
            when rule = 6 then leave_grace_until
            when rule = 7 then bench_grace_until
            when rule = 8 then confirmed_until
            when rule = 9 then new_seat_until
            when rule = 12 and verdict = 'grace'
                then greatest(downgraded_on + inactive_after_days, $as_of + 1)
            when rule = 14 and is_paid and not is_horizon_too_short
                then greatest(idle_since + inactive_after_days, $as_of + 1)
        end as flips_on
    from targets as t
),

the_project as (
    select reporting_currency
    from config.project
),

episodes_still_running as (
    select
        app_id,
        account_id,
        sku_id,
        action,
        min(episode_from) as episode_from
    from earlier.candidates
    group by app_id, account_id, sku_id, action
),

-- The line of the person's region is preferred to the line without region, as for the seat itself. Regions are those
-- of the segments, '' included, so that each seat finds its price by equality.
regions_of_seats as (
    select distinct
        app_id,
        region
    from policy.segment_policies
),

prices_per_region as (
    select
        r.app_id,
        y.sku_id,
        r.region,
        first_value(y.annual_amount order by y.region = '*') as annual_amount,
        first_value(y.annual_currency order by y.region = '*') as annual_currency,
        first_value(y.reporting_annual_amount order by y.region = '*') as reporting_annual_amount,
        first_value(y.suspended_annual_amount order by y.region = '*') as suspended_annual_amount,
        first_value(y.suspended_reporting_annual_amount order by y.region = '*')
            as suspended_reporting_annual_amount
    from regions_of_seats as r
    inner join core.sku_prices as y
        on y.app_id = r.app_id
    where y.region in ('*', r.region)
    group by r.app_id, y.sku_id, r.region
),

prices_joined as (
    select
        t.*,
        coalesce(e.episode_from, $as_of) as episode_from,
        coalesce(c.reporting_currency, p.reporting_currency) as saving_currency,
        c.annual_amount as seat_amount,
        c.annual_currency as seat_currency,
        c.reporting_annual_amount as seat_reporting_amount,
        c.gap_reason as seat_gap_reason,
        c.cash_on as seat_cash_on,
        y.sku_id is not null as is_target_priced,
        y.annual_currency as price_currency,
        y.annual_amount as price_amount,
        y.reporting_annual_amount as price_reporting_amount,
        y.suspended_annual_amount as suspended_amount,
        y.suspended_reporting_annual_amount as suspended_reporting_amount
    from flip_days as t
    cross join the_project as p
    left join core.seat_costs as c
        on c.app_id = t.app_id
        and c.account_id = t.account_id
        and c.sku_id = t.sku_id
    left join prices_per_region as y
        on y.app_id = t.app_id
        and y.sku_id = t.priced_sku_id
        and y.region = t.region
    left join episodes_still_running as e
        on e.app_id = t.app_id
        and e.account_id = t.account_id
        and e.sku_id = t.sku_id
        and e.action = t.action
),

final as (
    select
        $as_of as as_of,
        app_id,
        account_id,
        sku_id,
        tier,
        is_paid,
        person_key,
        match_rule,
        sensitivity,
        on_no_response,
        maker_checker or is_high_sensitivity as is_checker_required,
        verdict,
        reason,
        rule,
        action,
        target_tier,
        target_sku_id,
        policy_version_id,
        override_indexes,
        mode,
        idle_since,
        idle_since_is_at_least,
        observed_through,
        idle_days,
        inactive_after_days,
        last_counted_use_on,
        last_sign_in_on,
        last_feature_use_on,
        evidence_grade,
        assigned_on,
        terminated_on as evidence_terminated_on,
        legal_hold_from as evidence_legal_hold_from,
        exception_from as evidence_exception_from,
        exception_until as evidence_exception_until,
        hold_from as evidence_hold_from,
        hold_until as evidence_hold_until,
        next_assignment_on as evidence_next_assignment_on,
        leave_from as evidence_leave_from,
        leave_to as evidence_leave_to,
        bench_from as evidence_bench_from,
        confirmed_on as evidence_confirmed_on,
        downgraded_on as evidence_downgraded_on,
        sign_in_days_90 as evidence_sign_in_days_90,
        feature_uses_90 as evidence_feature_uses_90,
        seat_ref as evidence_seat_ref,
        person_ref as evidence_person_ref,
        last_sign_in_ref as evidence_sign_in_ref,
        last_feature_use_ref as evidence_feature_use_ref,
        failing_sources as evidence_failing_sources,
        case when verdict = 'candidate' then episode_from end as episode_from,
        case
            when verdict <> 'candidate' then null
            when rule <> 3 then episode_from + due_days
            when is_high_sensitivity then episode_from + 1
            else episode_from + leaver_due_days
        end as due_on,
        case
            when rule = 0 then 'a policy version of the app takes effect'
            when reason = 'free_sku' or (rule = 14 and not is_paid) then 'the seat moves to a paid SKU'
            when rule = 1 and account_type is not null then 'the account is no longer typed ' || account_type
            when rule = 1 and is_ambiguous then 'one person alone claims the account'
            when rule = 1 then 'the quarantined HR row of the person is corrected'
            when rule = 2 and legal_hold_to is null then 'the legal hold is lifted'
            when rule = 2 then 'the legal hold ends (' || cast(flips_on as text) || ')'
            when rule = 3 then 'the person has an active spell again, or one about to begin, or a legal hold'
            when rule = 4 then 'the exception expires (' || cast(flips_on as text) || ') or is withdrawn'
            when rule = 5 and hold_until is not null
                then 'the hold expires (' || cast(flips_on as text) || ') or is withdrawn'
            when rule = 5
                then 'the project assignment of ' || cast(next_assignment_on as text) || ' has begun or is dropped'
            when rule = 6 then 'the leave and the grace after its return are over (' || cast(flips_on as text) || ')'
            when rule = 7 then 'the bench grace is over (' || cast(flips_on as text) || ') or an assignment begins'
            when rule = 8 then 'the self-confirmation lapses (' || cast(flips_on as text) || ')'
            when rule = 9 then 'the grace for new seats is over (' || cast(flips_on as text) || ')'
            when rule = 10 and (has_stale or has_partial or has_concealed or has_hole)
                then 'the failing sources are good again (' || coalesce(failing_sources, '') || ')'
                || case when person_key is null then '' else ', or a counted use is recorded' end
            when rule = 10 and evidence_grade = 'weak'
                then 'a counted use is recorded, or more seats of the app sign in ('
                || cast(cast(sign_in_seat_share * 100 as decimal(9, 4)) as text) || ' % in 30 days, needed '
                || cast(cast(min_signal_coverage * 100 as decimal(9, 2)) as text) || ' %)'
            when rule = 10 then 'a collected source covers the account, or a counted use is recorded'
            when rule = 11 then 'the account is matched to a person'
            when rule = 12 and verdict = 'grace'
                then 'a whole window has passed since the downgrade (' || cast(flips_on as text)
                || ') or the seat is used'
            when rule = 12
                then case
                    when counts_feature_use and counts_sign_in
                        then 'a counted feature is used or an SSO sign-in recorded'
                    when counts_feature_use then 'a counted feature is used'
                    else 'an SSO sign-in is recorded'
                end
                || ', or the window is >= ' || cast(idle_days + 1 as text) || ' d'
            when rule = 13
                then 'uses of the tier''s features within ' || cast(tier_rule_within_days as text) || ' d reach '
                || cast(tier_rule_min_uses as text) || ' (now ' || cast(tier_rule_uses as text) || ')'
            when is_horizon_too_short
                then 'the window is <= ' || cast(observed_through - feature_bound_on as text)
                || ' d (the source looks no further back)'
            else 'no further counted use by ' || cast(flips_on as text)
                || case
                    when has_stale or has_partial or has_concealed or has_hole
                        then ' (then unknown, unless good again: ' || coalesce(failing_sources, '') || ')'
                    else ''
                end
        end as flip,
        flips_on,
        case
            when verdict <> 'candidate' then null
            when action = 'suspend' and suspended_amount is null then cast(0 as decimal(18, 4))
            when action = 'suspend' then seat_reporting_amount - suspended_reporting_amount
            when action = 'reclaim' or is_target_free then seat_reporting_amount
            else seat_reporting_amount - price_reporting_amount
        end as annual_saving_amount,
        case when verdict = 'candidate' then saving_currency end as annual_saving_currency,
        case
            when verdict <> 'candidate' then null
            when action = 'suspend' and suspended_amount is null then seat_amount - seat_amount
            when action = 'suspend' then seat_amount - suspended_amount
            when action = 'reclaim' or is_target_free then seat_amount
            when seat_currency = price_currency then seat_amount - price_amount
        end as contract_annual_saving_amount,
        case
            when verdict <> 'candidate' then null
            when action = 'downgrade' and not is_target_free and coalesce(price_currency, '') <> seat_currency then null
            else seat_currency
        end as contract_annual_saving_currency,
        case
            when verdict <> 'candidate' then null
            when action = 'suspend' and suspended_amount is null then null
            when seat_reporting_amount is null then coalesce(seat_gap_reason, 'no_contract_line')
            when action = 'suspend' and suspended_reporting_amount is null then 'suspended_price_unconvertible'
            when action <> 'downgrade' or is_target_free then null
            when not is_target_priced then 'target_unpriced'
            when price_reporting_amount is null then 'target_unconvertible'
        end as saving_gap,
        case when verdict = 'candidate' then seat_cash_on end as cash_on
    from prices_joined
)

select
    as_of,
    app_id,
    account_id,
    sku_id,
    tier,
    is_paid,
    person_key,
    match_rule,
    sensitivity,
    on_no_response,
    is_checker_required,
    verdict,
    reason,
    rule,
    action,
    target_tier,
    target_sku_id,
    policy_version_id,
    override_indexes,
    mode,
    idle_since,
    idle_since_is_at_least,
    observed_through,
    idle_days,
    inactive_after_days,
    last_counted_use_on,
    last_sign_in_on,
    last_feature_use_on,
    evidence_grade,
    assigned_on,
    evidence_terminated_on,
    evidence_legal_hold_from,
    evidence_exception_from,
    evidence_exception_until,
    evidence_hold_from,
    evidence_hold_until,
    evidence_next_assignment_on,
    evidence_leave_from,
    evidence_leave_to,
    evidence_bench_from,
    evidence_confirmed_on,
    evidence_downgraded_on,
    evidence_sign_in_days_90,
    evidence_feature_uses_90,
    evidence_seat_ref,
    evidence_person_ref,
    evidence_sign_in_ref,
    evidence_feature_use_ref,
    evidence_failing_sources,
    episode_from,
    due_on,
    flip,
    flips_on,
    annual_saving_amount,
    annual_saving_currency,
    contract_annual_saving_amount,
    contract_annual_saving_currency,
    saving_gap,
    cash_on
from final
