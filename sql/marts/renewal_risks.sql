-- A row is a risk of a contract at its renewal that holds today, with what stands on it. Risks overlap: their amounts
-- are never added up.
with seats as (
    select
        contract_id,
        count(*) filter (where reason = 'leaver') as leaver_count,
        sum(reporting_annual_amount) filter (where reason = 'leaver') as leaver_amount,
        count(*) filter (where person_key is null and account_type is null) as orphan_count,
        sum(reporting_annual_amount) filter (where person_key is null and account_type is null) as orphan_amount,
        count(*) filter (where verdict = 'unknown') as unknown_count,
        sum(reporting_annual_amount) filter (where verdict = 'unknown') as unknown_amount,
        count(*) filter (where is_ambiguous) as ambiguous_count,
        sum(reporting_annual_amount) filter (where is_ambiguous) as ambiguous_amount
    from marts.seat_usage
    where contract_id is not null
    group by contract_id
),

pools as (
    select
        pool.contract_id,
        sum(-pool.unassigned_quantity) as over_count,
        sum(cost.true_up_driver_reporting_amount) as over_amount
    from marts.renewal_pools as pool
    inner join marts.renewal_pool_costs as cost
        on pool.contract_id = cost.contract_id
        and pool.app_id = cost.app_id
        and pool.sku_id = cost.sku_id
        and pool.currency = cost.currency
        and cost.scenario = 'base'
    where pool.unassigned_quantity < 0
    group by pool.contract_id
),

apps as (
    select
        pool.contract_id,
        bool_or(app.sensitivity = 'high') as is_high_sensitivity,
        bool_or(app.reclaim_consequence in ('data_deleted', 'hold_broken')) as is_removal_destructive
    from marts.renewal_pools as pool
    inner join core.apps as app on pool.app_id = app.app_id
    group by pool.contract_id
),

every_risk as (
    select contract_id, 'notice_passed' as risk, 3 as severity, 1 as affected_count, unchanged_amount as amount
    from marts.renewal_decisions
    where days_left < 0 and is_auto_renew
    union all
    select contract_id, 'notice_near', 3, days_left, unchanged_amount
    from marts.renewal_decisions
    where days_left between 0 and 30
    union all
    select contract_id, 'over_budget', 2, 1, over_budget_amount
    from marts.renewal_decisions
    where over_budget_amount > 0
    union all
    select contract_id, 'clauses_unproved', 2, unproved_count, cast(null as decimal(18, 4))
    from marts.renewal_decisions
    where unproved_count > 0
    union all
    select contract_id, 'held_by_leavers', 3, leaver_count, leaver_amount
    from seats
    where leaver_count > 0
    union all
    select contract_id, 'held_by_nobody_known', 2, orphan_count, orphan_amount
    from seats
    where orphan_count > 0
    union all
    select contract_id, 'claimed_by_two_persons', 2, ambiguous_count, ambiguous_amount
    from seats
    where ambiguous_count > 0
    union all
    select contract_id, 'use_unknown', 2, unknown_count, unknown_amount
    from seats
    where unknown_count > 0
    union all
    select contract_id, 'more_held_than_bought', 2, over_count, over_amount
    from pools
    union all
    select contract_id, 'app_of_high_sensitivity', 1, 1, cast(null as decimal(18, 4))
    from apps
    where is_high_sensitivity
    union all
    select contract_id, 'removal_destroys_data', 2, 1, cast(null as decimal(18, 4))
    from apps
    where is_removal_destructive
),

final as (
    select
        one.contract_id, one.risk, cast(one.severity as bigint) as severity,
        cast(one.affected_count as bigint) as affected_count, one.amount, project.reporting_currency
    from every_risk as one
    cross join config.project as project
)

select
    contract_id, risk, severity, affected_count, amount, reporting_currency
from final
