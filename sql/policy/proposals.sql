-- One row per seat proposed for an action: what it leads to, since when it is proposed, by when somebody has to decide,
-- what it saves, and what would change it. Proposals are few beside seats: only here are seats joined to prices.
with the_project as (
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
-- of the segments, '*' included, so that each seat finds its price by equality.
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

verdicts_that_act as (
    select
        v.app_id,
        v.account_id,
        v.sku_id,
        v.rule,
        v.idle_since,
        o.action
    from policy.verdicts as v
    inner join policy.outcomes as o on o.outcome = v.outcome
    where o.action is not null
),

-- A downgrade lands on the tier the rule names; a suspended seat stays on its SKU, at its suspended price if any.
targets as (
    select
        v.app_id,
        v.account_id,
        v.sku_id,
        v.rule,
        case when g.observed_through < v.idle_since then 0 else g.observed_through - v.idle_since end as idle_days,
        v.action,
        g.region,
        g.counts_feature_use,
        g.counts_sign_in,
        g.is_high_sensitivity,
        g.leaver_due_days,
        g.due_days,
        t.within_days as tier_rule_within_days,
        t.min_uses as tier_rule_min_uses,
        t.uses as tier_rule_uses,
        case when v.action = 'downgrade' then case when v.rule = 13 then t.target_tier else g.lower_tier end end
            as target_tier,
        case when v.action = 'downgrade' then case when v.rule = 13 then t.target_sku_id else g.lower_sku_id end end
            as target_sku_id,
        coalesce(
            v.action = 'downgrade' and not case when v.rule = 13 then t.is_target_paid else g.is_lower_paid end, false
        ) as is_target_free
    from policy.seat_facts as f
    inner join verdicts_that_act as v
        on v.app_id = f.app_id
        and v.account_id = f.account_id
        and v.sku_id = f.sku_id
    inner join policy.segments as g
        on g.app_id = f.app_id
        and g.tier = f.tier
        and g.cohort_number = f.cohort_number
    left join policy.tier_checks as t
        on t.app_id = f.app_id
        and t.account_id = f.account_id
        and t.sku_id = f.sku_id
        and t.rule_index = f.tier_rule_index
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
        c.cash_on,
        y.sku_id is not null as is_target_priced,
        y.annual_currency as price_currency,
        y.annual_amount as price_amount,
        y.reporting_annual_amount as price_reporting_amount,
        y.suspended_annual_amount as suspended_amount,
        y.suspended_reporting_annual_amount as suspended_reporting_amount
    from targets as t
    cross join the_project as p
    left join core.seat_costs as c
        on c.app_id = t.app_id
        and c.account_id = t.account_id
        and c.sku_id = t.sku_id
    left join prices_per_region as y
        on y.app_id = t.app_id
        and y.sku_id = case when t.action = 'suspend' then t.sku_id else t.target_sku_id end
        and y.region = t.region
    left join episodes_still_running as e
        on e.app_id = t.app_id
        and e.account_id = t.account_id
        and e.sku_id = t.sku_id
        and e.action = t.action
),

final as (
    select
        app_id,
        account_id,
        sku_id,
        action,
        target_tier,
        target_sku_id,
        episode_from,
        case
            when rule <> 3 then episode_from + due_days
            when is_high_sensitivity then episode_from + 1
            else episode_from + leaver_due_days
        end as due_on,
        case
            when action = 'suspend' and suspended_amount is null then cast(0 as decimal(18, 4))
            when action = 'suspend' then seat_reporting_amount - suspended_reporting_amount
            when action = 'reclaim' or is_target_free then seat_reporting_amount
            else seat_reporting_amount - price_reporting_amount
        end as annual_saving_amount,
        saving_currency as annual_saving_currency,
        case
            when action = 'suspend' and suspended_amount is null then seat_amount - seat_amount
            when action = 'suspend' then seat_amount - suspended_amount
            when action = 'reclaim' or is_target_free then seat_amount
            when seat_currency = price_currency then seat_amount - price_amount
        end as contract_annual_saving_amount,
        case
            when action = 'downgrade' and not is_target_free and coalesce(price_currency, '') <> seat_currency then null
            else seat_currency
        end as contract_annual_saving_currency,
        case
            when action = 'suspend' and suspended_amount is null then null
            when seat_reporting_amount is null then coalesce(seat_gap_reason, 'no_contract_line')
            when action = 'suspend' and suspended_reporting_amount is null then 'suspended_price_unconvertible'
            when action <> 'downgrade' or is_target_free then null
            when not is_target_priced then 'target_unpriced'
            when price_reporting_amount is null then 'target_unconvertible'
        end as saving_gap,
        cash_on,
        case rule
            when 3 then 'the person has an active spell again, or one about to begin, or a legal hold'
            when 11 then 'the account is matched to a person'
            when 12
                then case
                    when counts_feature_use and counts_sign_in
                        then 'a counted feature is used or an SSO sign-in recorded'
                    when counts_feature_use then 'a counted feature is used'
                    else 'an SSO sign-in is recorded'
                end
                || ', or the window is >= ' || cast(idle_days + 1 as text) || ' d'
            when 13
                then 'uses of the tier''s features within ' || cast(tier_rule_within_days as text) || ' d reach '
                || cast(tier_rule_min_uses as text) || ' (now ' || cast(tier_rule_uses as text) || ')'
        end as flip
    from prices_joined
)

select
    app_id,
    account_id,
    sku_id,
    action,
    target_tier,
    target_sku_id,
    episode_from,
    due_on,
    annual_saving_amount,
    annual_saving_currency,
    contract_annual_saving_amount,
    contract_annual_saving_currency,
    saving_gap,
    cash_on,
    flip
from final
