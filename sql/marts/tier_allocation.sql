-- A row is a pool of licences: one SKU of an app in one contract region ('*' = bought for all regions), bought against
-- assigned. A seat counts in the pool of the contract line that covers it; a seat no line covers counts in '*'.
with licences_bought_per_pool as (
    select
        app_id,
        sku_id,
        coalesce(region, '*') as region,
        coalesce(sum(quantity) filter (where line_type not in ('credit', 'refund')), 0) as purchased_quantity,
        sum(annual_amount) as contract_annual_amount,
        max(annual_currency) as contract_currency,
        count(distinct annual_currency) as contract_currency_count,
        sum(reporting_annual_amount) as reporting_annual_amount,
        count(*) filter (where reporting_annual_amount is null) as unconverted_line_count,
        count(*) as contract_line_count
    from core.contract_lines
    where is_in_force and app_id is not null and sku_id is not null
    group by app_id, sku_id, coalesce(region, '*')
),

seats_assigned_per_pool as (
    select
        app_id,
        sku_id,
        contract_region as region,
        count(*) as assigned_count,
        count(*) filter (where is_active_30) as active_30_count,
        count(*) filter (where is_active_60) as active_60_count,
        count(*) filter (where is_active_90) as active_90_count,
        count(*) filter (where is_never_used) as never_used_count,
        count(*) filter (where verdict = 'candidate') as candidate_count,
        count(*) filter (where verdict = 'candidate' and action = 'reclaim') as candidate_reclaim_count,
        count(*) filter (where verdict = 'candidate' and action = 'downgrade') as candidate_downgrade_count,
        count(*) filter (where verdict = 'candidate' and action = 'suspend') as candidate_suspend_count,
        count(*) filter (where verdict = 'candidate' and reason = 'over_tiered') as over_tiered_count,
        count(*) filter (where verdict = 'held') as held_count,
        count(*) filter (where verdict = 'grace' and reason = 'on_leave') as on_leave_count,
        count(*) filter (where verdict = 'grace' and reason <> 'on_leave') as other_grace_count,
        count(*) filter (where verdict = 'excepted') as excepted_count,
        count(*) filter (where verdict = 'unknown') as unknown_count,
        count(*) filter (where verdict = 'protected') as protected_count,
        count(*) filter (where verdict = 'review') as review_count,
        count(*) filter (where verdict = 'keep') as keep_count,
        sum(reporting_annual_amount) as assigned_reporting_annual_amount,
        count(*) filter (where reporting_annual_amount is null) as uncosted_seat_count,
        sum(annual_saving_amount) filter (where verdict = 'candidate') as identified_saving_amount,
        count(*) filter (where verdict = 'candidate' and annual_saving_amount is null) as unpriced_candidate_count
    from marts.seat_usage
    group by app_id, sku_id, contract_region
),

pools_bought_or_used as (
    select app_id, sku_id, region from licences_bought_per_pool
    union
    select app_id, sku_id, region from seats_assigned_per_pool
),

final as (
    select
        p.app_id,
        a.name as app_name,
        p.sku_id,
        k.tier,
        k.tier_rank,
        k.is_paid,
        p.region,
        coalesce(b.purchased_quantity, 0) as purchased_quantity,
        coalesce(s.assigned_count, 0) as assigned_count,
        coalesce(b.purchased_quantity, 0) - coalesce(s.assigned_count, 0) as surplus_quantity,
        coalesce(s.active_30_count, 0) as active_30_count,
        coalesce(s.active_60_count, 0) as active_60_count,
        coalesce(s.active_90_count, 0) as active_90_count,
        coalesce(s.never_used_count, 0) as never_used_count,
        coalesce(s.candidate_count, 0) as candidate_count,
        coalesce(s.candidate_reclaim_count, 0) as candidate_reclaim_count,
        coalesce(s.candidate_downgrade_count, 0) as candidate_downgrade_count,
        coalesce(s.candidate_suspend_count, 0) as candidate_suspend_count,
        coalesce(s.over_tiered_count, 0) as over_tiered_count,
        coalesce(s.held_count, 0) as held_count,
        coalesce(s.on_leave_count, 0) as on_leave_count,
        coalesce(s.other_grace_count, 0) as other_grace_count,
        coalesce(s.excepted_count, 0) as excepted_count,
        coalesce(s.unknown_count, 0) as unknown_count,
        coalesce(s.protected_count, 0) as protected_count,
        coalesce(s.review_count, 0) as review_count,
        coalesce(s.keep_count, 0) as keep_count,
        -- two currencies of one pool do not add up; the reporting amount stands for them then
        case when b.contract_currency_count = 1 then b.contract_annual_amount end as contract_annual_amount,
        case when b.contract_currency_count = 1 then b.contract_currency end as contract_currency,
        b.reporting_annual_amount,
        coalesce(s.assigned_reporting_annual_amount, 0) as assigned_reporting_annual_amount,
        coalesce(s.identified_saving_amount, 0) as identified_saving_reporting_amount,
        c.reporting_currency,
        coalesce(b.contract_line_count, 0) as contract_line_count,
        coalesce(b.unconverted_line_count, 0) as unconverted_line_count,
        coalesce(s.uncosted_seat_count, 0) as uncosted_seat_count,
        coalesce(s.unpriced_candidate_count, 0) as unpriced_candidate_count
    from pools_bought_or_used as p
    cross join config.project as c
    left join licences_bought_per_pool as b
        on b.app_id = p.app_id and b.sku_id = p.sku_id and b.region = p.region
    left join seats_assigned_per_pool as s
        on s.app_id = p.app_id and s.sku_id = p.sku_id and s.region = p.region
    left join core.apps as a on a.app_id = p.app_id
    left join core.skus as k on k.app_id = p.app_id and k.sku_id = p.sku_id
)

select
    app_id, app_name, sku_id, tier, tier_rank, is_paid, region, purchased_quantity, assigned_count, surplus_quantity,
    active_30_count, active_60_count, active_90_count, never_used_count, candidate_count, candidate_reclaim_count,
    candidate_downgrade_count, candidate_suspend_count, over_tiered_count, held_count, on_leave_count,
    other_grace_count, excepted_count, unknown_count, protected_count, review_count, keep_count,
    contract_annual_amount, contract_currency, reporting_annual_amount, assigned_reporting_annual_amount,
    identified_saving_reporting_amount, reporting_currency, contract_line_count, unconverted_line_count,
    uncosted_seat_count, unpriced_candidate_count
from final
