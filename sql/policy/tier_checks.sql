-- One row per seat and tier rule for its tier: did the person use what the tier is paid for, and can we tell?
-- The rule's window is the within_days days up to the feature feed's last day, so a late feed judges earlier days.
with skus_of_tiers as (
    select
        app_id,
        tier,
        min(sku_id) as sku_id,
        bool_or(is_paid) as is_paid
    from core.skus
    where tier is not null
    group by app_id, tier
),

rules_in_force as (
    select
        r.app_id,
        r.rule_index,
        r.tier,
        r.downgrade_to as target_tier,
        k.sku_id as target_sku_id,
        coalesce(k.is_paid, true) as is_target_paid,
        r.min_uses,
        r.within_days,
        r.policy_version_id,
        case when a.feature_complete_through < $as_of then a.feature_complete_through else $as_of end
            - r.within_days + 1 as window_from,
        case when a.feature_complete_through < $as_of then a.feature_complete_through else $as_of end
            as window_through
    from policy.effective_policies as v
    inner join policies.tier_rules as r
        on r.app_id = v.app_id
        and r.policy_version_id = v.policy_version_id
    -- Without a feed there is no window to judge, and the rule does not hold (feeds_judged).
    left join core.app_signals as a on a.app_id = r.app_id
    left join skus_of_tiers as k
        on k.app_id = r.app_id
        and k.tier = r.downgrade_to
),

-- The feature feed must be good for the rule; that does not make it a source the other rules need.
holes_inside_the_window as (
    select
        r.app_id,
        r.rule_index,
        n.source,
        n.stream,
        count(*) as hole_count
    from rules_in_force as r
    inner join core.app_sources as n
        on n.app_id = r.app_id
        and n.need = 'feature_use'
    inner join core.source_holes as h
        on h.source = n.source
        and h.stream = n.stream
    where h.hole_from <= r.window_through
        and (h.hole_to is null or h.hole_to > r.window_from)
    group by r.app_id, r.rule_index, n.source, n.stream
),

feeds_judged as (
    select
        r.app_id,
        r.rule_index,
        bool_and(
            coalesce(t.has_landed and not t.is_stale and t.complete_through is not null, false)
            and not coalesce(t.is_concealed, false)
            and h.hole_count is null
        ) as is_feed_good
    from rules_in_force as r
    inner join core.app_sources as n
        on n.app_id = r.app_id
        and n.need = 'feature_use'
    left join core.source_status as t
        on t.source = n.source
        and t.stream = n.stream
    left join holes_inside_the_window as h
        on h.app_id = r.app_id
        and h.rule_index = r.rule_index
        and h.source = n.source
        and h.stream = n.stream
    group by r.app_id, r.rule_index
),

features_of_the_rules as (
    select distinct
        r.app_id,
        r.rule_index,
        r.window_from,
        r.window_through,
        f.feature
    from rules_in_force as r
    inner join policies.tier_rule_features as f
        on f.app_id = r.app_id
        and f.policy_version_id = r.policy_version_id
        and f.rule_index = r.rule_index
),

-- Events add up. A report's counters repeat a period from landing to landing, so of them the largest stands.
uses_by_feature as (
    select
        u.app_id,
        u.account_id,
        f.rule_index,
        u.source,
        u.stream,
        u.feature,
        case when max(t.feed) = 'full' then max(u.uses) else sum(u.uses) end as uses,
        max(u.used_on) as last_used_on
    from core.feature_use as u
    inner join features_of_the_rules as f
        on f.app_id = u.app_id
        and f.feature = u.feature
    left join core.source_status as t
        on t.source = u.source
        and t.stream = u.stream
    where u.used_on >= f.window_from
        and u.used_on <= f.window_through
        and u.uses > 0
    group by u.app_id, u.account_id, f.rule_index, u.source, u.stream, u.feature
),

uses_within_the_window as (
    select
        app_id,
        account_id,
        rule_index,
        sum(uses) as uses,
        max(last_used_on) as last_used_on
    from uses_by_feature
    group by app_id, account_id, rule_index
),

final as (
    select
        s.app_id,
        s.account_id,
        s.sku_id,
        r.rule_index,
        r.target_tier,
        r.target_sku_id,
        r.is_target_paid,
        r.min_uses,
        r.within_days,
        r.window_from,
        r.window_through,
        cast(coalesce(u.uses, 0) as bigint) as uses,
        u.last_used_on,
        coalesce(f.is_feed_good, false) as is_feed_good,
        coalesce(g.is_feature_covered and g.feature_reaches_back_on <= r.window_from, false) as is_window_covered,
        coalesce($as_of - s.assigned_on >= r.within_days, false) as is_old_enough,
        coalesce(u.uses, 0) < r.min_uses as is_used_too_little,
        coalesce(
            f.is_feed_good
            and g.is_feature_covered
            and g.feature_reaches_back_on <= r.window_from
            and $as_of - s.assigned_on >= r.within_days
            and coalesce(u.uses, 0) < r.min_uses,
            false
        ) as tier_rule_holds
    from core.seats as s
    inner join rules_in_force as r
        on r.app_id = s.app_id
        and r.tier = s.tier
    left join feeds_judged as f
        on f.app_id = r.app_id
        and f.rule_index = r.rule_index
    left join uses_within_the_window as u
        on u.app_id = s.app_id
        and u.account_id = s.account_id
        and u.rule_index = r.rule_index
    left join core.seat_signals as g
        on g.app_id = s.app_id
        and g.account_id = s.account_id
        and g.sku_id = s.sku_id
)

select
    app_id,
    account_id,
    sku_id,
    rule_index,
    target_tier,
    target_sku_id,
    is_target_paid,
    min_uses,
    within_days,
    window_from,
    window_through,
    uses,
    last_used_on,
    is_feed_good,
    is_window_covered,
    is_old_enough,
    is_used_too_little,
    tier_rule_holds
from final
