-- One row per seat: which rules of semantics section 6 hold, each by itself, the first of them, its outcome (verdict,
-- reason and action: policy.outcomes), and in how many days time alone would change it. Only days, counts and flags are
-- compared here; policy.evaluations puts it in words, policy.seat_evidence shows every value. Rule 0: no policy in
-- force; rule 14: nothing else held. What would be a candidate but is free is kept, under the rule that held.
-- For speed: cut-off days are the segment's (policy.segments), and of flags joined by `and` the one that holds for most
-- seats stands first; after one that holds for few, DataFusion copies every column of those few before it goes on.
-- `is true` makes an unknown comparison false, and unlike coalesce() asks for no such copy. greatest() passes over what
-- is NULL as coalesce() does, but in one pass over all rows, where coalesce() is a case. A case copies, for each branch
-- that some rows of a batch take, the columns that any branch names: over flags alone it is cheap, however long.
with facts_that_rules_ask as (
    select
        app_id,
        account_id,
        sku_id,
        tier,
        cohort_number,
        is_paid,
        is_orphan,
        protection is not null as is_protected,
        is_under_legal_hold,
        legal_hold_to,
        is_terminated,
        next_start_on,
        leave_to,
        next_assignment_on,
        bench_from,
        exception_until,
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
        tier_rule_holds
    from policy.seat_facts
),

facts_beside_their_policy as (
    select
        f.app_id,
        f.account_id,
        f.sku_id,
        f.is_paid,
        f.is_orphan,
        f.is_protected,
        f.is_under_legal_hold,
        f.legal_hold_to,
        f.is_terminated,
        f.next_start_on,
        f.leave_to,
        f.next_assignment_on,
        f.bench_from,
        f.exception_until,
        f.hold_until,
        f.confirmed_on,
        f.downgraded_on,
        f.assigned_on,
        f.tier_rule_holds,
        g.has_policy,
        g.next_version_on,
        g.inactive_after_days,
        g.recent_use_after,
        g.inactive_through,
        g.new_seat_after,
        g.leave_return_after,
        g.bench_after,
        g.confirmed_after,
        g.upcoming_before,
        g.is_downgrade_first,
        g.removal_number,
        g.orphan_number,
        g.idle_number,
        g.are_leavers_known,
        g.has_failing_source,
        g.failing_number,
        -- A signal the policy does not count is shown, never compared; once counted, all that was ever seen counts.
        greatest(
            case when g.counts_feature_use then f.last_feature_use_on end,
            case when g.counts_sign_in then f.last_sign_in_on end
        ) as last_counted_use_on,
        case when g.counts_feature_use then f.feature_bound_on end as counted_bound_on,
        g.is_feature_judged and f.is_feature_covered as is_feature_seen,
        g.is_sign_in_judged and f.is_sign_in_covered as is_sign_in_seen,
        g.is_signal_weak,
        -- Each signal counted and collected must cover the account and reach back to the assignment.
        (g.is_feature_judged or g.is_sign_in_judged)
        and (not g.is_feature_judged or f.has_feature_history)
        and (not g.is_sign_in_judged or f.has_sign_in_history) as is_seen_since_assigned
    from facts_that_rules_ask as f
    inner join policy.segments as g
        on g.app_id = f.app_id
        and g.tier = f.tier
        and g.cohort_number = f.cohort_number
),

-- What is asked twice is worked out once.
activity as (
    select
        f.*,
        greatest(assigned_on, last_counted_use_on) as active_on
    from facts_beside_their_policy as f
),

idleness as (
    select
        f.*,
        case when has_policy then greatest(active_on, counted_bound_on) end as idle_since,
        (counted_bound_on > active_on) is true as idle_since_is_at_least,
        (last_counted_use_on > recent_use_after) is true as is_recently_used,
        is_seen_since_assigned and last_counted_use_on is null as is_never_used,
        is_feature_seen or (is_sign_in_seen and not is_signal_weak) as is_well_seen,
        (downgraded_on > inactive_through) is true as is_recently_downgraded,
        -- The idle episode outlasts a downgrade that nobody used the seat after. The smaller seat may bear a younger
        -- assignment date; a seat granted again a whole window later is a new story.
        (
            assigned_on - downgraded_on < inactive_after_days
            and (last_counted_use_on is null or downgraded_on >= last_counted_use_on)
        ) is true as is_downgraded_in_episode,
        -- A source whose horizon is shorter than the window can never show inactivity, however long one waits.
        (counted_bound_on > inactive_through) is true as is_horizon_too_short,
        -- A spell about to begin is for the policy to judge: within upcoming_hold_days it is no termination.
        ((next_start_on is null or next_start_on >= upcoming_before) and is_terminated) is true as is_leaver
    from activity as f
),

rules_by_themselves as (
    select
        i.*,
        is_protected as rule_01_holds,
        is_under_legal_hold as rule_02_holds,
        are_leavers_known and is_leaver as rule_03_holds,
        exception_until is not null as rule_04_holds,
        hold_until is not null or (next_assignment_on < upcoming_before) is true as rule_05_holds,
        (leave_to > leave_return_after) is true as rule_06_holds,
        (bench_from > bench_after) is true as rule_07_holds,
        (confirmed_on > confirmed_after) is true as rule_08_holds,
        (assigned_on > new_seat_after) is true as rule_09_holds,
        -- Recorded use is enough to keep a matched person's seat; an orphan with a failing source may be anybody's.
        (has_failing_source and is_orphan)
        or ((has_failing_source or not is_well_seen) and not is_recently_used) as rule_10_holds,
        is_orphan as rule_11_holds,
        (idle_since <= inactive_through) is true as rule_12_holds,
        -- Absence counts only on good sources. And a seat just downgraded is left alone for a window whether it is
        -- used (here) or not (rule 12): else more use would turn its grace into a candidate.
        not has_failing_source and not is_recently_downgraded and tier_rule_holds as rule_13_holds
    from idleness as i
),

-- The ladder.
rules_in_order as (
    select
        r.*,
        case
            when not has_policy then 0
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
    from rules_by_themselves as r
),

-- Most seats are active: what only few rules ask is asked of their seats alone, first what most of them ask.
outcomes_within_a_rule as (
    select
        r.*,
        case
            when rule in (3, 5, 6, 10, 11, 12, 13) then
                case rule
                    when 12 then
                        case
                            when is_downgrade_first and is_downgraded_in_episode and is_recently_downgraded then 0
                            when not is_paid then 90
                            else case when is_never_used then 10 else 0 end
                                + case
                                    when is_downgrade_first and is_downgraded_in_episode then removal_number
                                    else idle_number
                                end
                        end
                    when 13 then case when is_paid then 3 else 90 end
                    when 10 then case when failing_number = 0 and is_sign_in_seen then 50 else failing_number end
                    when 11 then case when is_paid or orphan_number = 0 then orphan_number else 90 end
                    when 3 then case when is_paid then removal_number else 90 end
                    when 5 then case when hold_until is not null then 0 else 10 end
                    when 6 then case when $as_of < leave_to then 0 else 10 end
                end
        end as outcome_within_rule,
        greatest(idle_since - recent_use_after, 1) as idle_for_days
    from rules_in_order as r
),

outcomes as (
    select
        o.*,
        rule * 100 + greatest(outcome_within_rule, 0) as outcome
    from outcomes_within_a_rule as o
),

-- Only active seats are many: their days were worked out for all seats and are only picked here. Of the two at most
-- one says a number.
days_to_the_flip as (
    select
        o.*,
        case when rule = 14 and is_paid and not is_horizon_too_short then idle_for_days end as active_for_days,
        case
            when rule < 10 or outcome = 1200 then
                case rule
                    when 9 then assigned_on - new_seat_after
                    when 0 then next_version_on - $as_of
                    when 2 then legal_hold_to - $as_of
                    when 4 then exception_until - $as_of
                    when 5 then coalesce(hold_until, next_assignment_on + 1) - $as_of
                    when 6 then leave_to - leave_return_after
                    when 7 then bench_from - bench_after
                    when 8 then confirmed_on - confirmed_after
                    when 12 then greatest(downgraded_on - recent_use_after, 1)
                end
        end as stopped_for_days
    from outcomes as o
),

final as (
    select
        d.*,
        greatest(active_for_days, stopped_for_days) as flips_in_days
    from days_to_the_flip as d
)

select
    app_id,
    account_id,
    sku_id,
    rule_01_holds,
    rule_02_holds,
    rule_03_holds,
    rule_04_holds,
    rule_05_holds,
    rule_06_holds,
    rule_07_holds,
    rule_08_holds,
    rule_09_holds,
    rule_10_holds,
    rule_11_holds,
    rule_12_holds,
    rule_13_holds,
    rule,
    outcome,
    flips_in_days,
    last_counted_use_on,
    is_recently_used,
    is_feature_seen,
    is_sign_in_seen,
    is_horizon_too_short,
    is_never_used,
    idle_since,
    idle_since_is_at_least,
    is_leaver,
    is_recently_downgraded,
    is_downgraded_in_episode
from final
