-- A row is a contract in force as its decision page shows it: what to do, how many seats, what it costs today,
-- unchanged and proposed, what that saves in three cases, and how far the numbers can be trusted.
with seats as (
    select
        contract_id,
        sum(purchased_quantity) as purchased_quantity,
        sum(assigned_count) as assigned_count,
        sum(active_90_count) as active_90_count,
        sum(candidate_count) as candidate_count,
        sum(unknown_count) as unknown_count,
        sum(graded_count) as graded_count,
        bool_and(is_judged) as is_judged,
        sum(low_saving_quantity) as low_saving_quantity,
        sum(recommended_quantity) as recommended_quantity,
        sum(high_saving_quantity) as high_saving_quantity
    from marts.renewal_pools
    group by contract_id
),

amounts as (
    select
        contract_id, scenario,
        max(amount) filter (where step = 'current') as current_amount,
        max(amount) filter (where step = 'price') as price_amount,
        max(amount) filter (where step = 'proposed') as proposed_amount
    from marts.renewal_bridge
    where basis = 'reporting'
    group by contract_id, scenario
),

amounts_of_contracts as (
    select
        contract_id,
        max(current_amount) as current_amount,
        max(current_amount + price_amount) as unchanged_amount,
        max(proposed_amount) filter (where scenario = 'low') as low_proposed_amount,
        max(proposed_amount) filter (where scenario = 'base') as proposed_amount,
        max(proposed_amount) filter (where scenario = 'high') as high_proposed_amount
    from amounts
    group by contract_id
),

-- a budget of the next term counts when its twelve months are all there
budgets as (
    select
        contract.contract_id,
        sum(budget.reporting_amount) as budget_amount,
        count(distinct budget.month) as month_count
    from core.contracts as contract
    inner join core.budget as budget on contract.contract_id = budget.contract_id
    where
        budget.month >= make_date(
            cast(date_part('year', contract.renewal_on) as int), cast(date_part('month', contract.renewal_on) as int), 1
        )
        and budget.month < make_date(
            cast(date_part('year', contract.renewal_on) as int) + 1,
            cast(date_part('month', contract.renewal_on) as int), 1
        )
    group by contract.contract_id
),

gaps as (
    select
        contract_id,
        count(*) filter (where is_unproved) as unproved_count,
        count(*) filter (where is_gap) as standard_gap_count
    from marts.renewal_clauses
    group by contract_id
),

judged as (
    select
        calendar.contract_id, calendar.contract_number, calendar.vendor, calendar.app_ids, calendar.renewal_on,
        calendar.notice_on, calendar.days_left, calendar.stage, calendar.is_auto_renew, seat.purchased_quantity,
        seat.assigned_count, seat.active_90_count, seat.candidate_count, seat.unknown_count, seat.low_saving_quantity,
        seat.recommended_quantity, seat.high_saving_quantity,
        cast(
            cast(seat.active_90_count as decimal(18, 6))
            / nullif(cast(seat.purchased_quantity as decimal(18, 6)), cast(0 as decimal(18, 6)))
        as decimal(12, 6)) as utilisation_ratio,
        cast(
            cast(seat.graded_count as decimal(18, 6))
            / nullif(cast(seat.assigned_count as decimal(18, 6)), cast(0 as decimal(18, 6)))
        as decimal(12, 6)) as graded_share,
        -- more than half of the seats must be judged by something that can be relied on
        coalesce(seat.graded_count * 2 > seat.assigned_count and seat.is_judged, false) as is_evidence_good,
        amount.current_amount, amount.unchanged_amount, amount.low_proposed_amount, amount.proposed_amount,
        amount.high_proposed_amount,
        case when budget.month_count = 12 then budget.budget_amount end as budget_amount,
        calendar.identified_saving_reporting_amount as identified_saving_amount,
        calendar.unconverted_line_count, gap.unproved_count, gap.standard_gap_count, calendar.reporting_currency,
        share.renew_share, share.right_size_share, share.downgrade_share
    from marts.renewal_calendar as calendar
    cross join config.renewal as share
    left join seats as seat on calendar.contract_id = seat.contract_id
    left join amounts_of_contracts as amount on calendar.contract_id = amount.contract_id
    left join budgets as budget on calendar.contract_id = budget.contract_id
    left join gaps as gap on calendar.contract_id = gap.contract_id
),

final as (
    select
        contract_id, contract_number, vendor, app_ids,
        case
            when not is_evidence_good or utilisation_ratio is null then 'undecided'
            when utilisation_ratio >= renew_share then 'renew'
            when utilisation_ratio >= right_size_share then 'right_size'
            when utilisation_ratio >= downgrade_share then 'downgrade'
            else 'drop'
        end as recommendation,
        utilisation_ratio, graded_share, renewal_on, notice_on, days_left, stage, is_auto_renew,
        coalesce(purchased_quantity, 0) as purchased_quantity, coalesce(assigned_count, 0) as assigned_count,
        coalesce(active_90_count, 0) as active_90_count, coalesce(candidate_count, 0) as candidate_count,
        coalesce(unknown_count, 0) as unknown_count, coalesce(low_saving_quantity, 0) as low_saving_quantity,
        coalesce(recommended_quantity, 0) as recommended_quantity,
        coalesce(high_saving_quantity, 0) as high_saving_quantity,
        current_amount, unchanged_amount, low_proposed_amount, proposed_amount, high_proposed_amount,
        unchanged_amount - low_proposed_amount as low_saving_amount,
        unchanged_amount - proposed_amount as saving_amount,
        unchanged_amount - high_proposed_amount as high_saving_amount,
        budget_amount, proposed_amount - budget_amount as over_budget_amount, identified_saving_amount,
        unconverted_line_count, coalesce(unproved_count, 0) as unproved_count,
        coalesce(standard_gap_count, 0) as standard_gap_count, reporting_currency
    from judged
)

select
    contract_id, contract_number, vendor, app_ids, recommendation, utilisation_ratio, graded_share, renewal_on,
    notice_on, days_left, stage, is_auto_renew, purchased_quantity, assigned_count, active_90_count, candidate_count,
    unknown_count, low_saving_quantity, recommended_quantity, high_saving_quantity, current_amount, unchanged_amount,
    low_proposed_amount, proposed_amount, high_proposed_amount, low_saving_amount, saving_amount, high_saving_amount,
    budget_amount, over_budget_amount, identified_saving_amount, unconverted_line_count, unproved_count,
    standard_gap_count, reporting_currency
from final
