-- A row is a cost center's part of a contract, in the reporting currency: the seats of its people, and of what nobody
-- holds a part by seats. What no cost center answers for, and what rounding leaves, is on the line of `none`. The rows
-- of a contract add up to it to the last digit.
with seats_of_cost_centers as (
    select
        contract_id,
        coalesce(cost_center_id, 'none') as cost_center_id,
        max(cost_center_name) as cost_center_name,
        count(*) as seat_count,
        count(*) filter (where is_active_90) as active_90_count,
        count(*) filter (where verdict = 'candidate') as candidate_count,
        coalesce(sum(reporting_annual_amount), 0) as direct_amount,
        coalesce(sum(annual_saving_amount) filter (where verdict = 'candidate'), 0) as identified_amount
    from marts.seat_usage
    where contract_id is not null and reporting_annual_amount is not null
    group by contract_id, coalesce(cost_center_id, 'none')
),

totals_of_contracts as (
    select
        contract_id,
        max(contract_number) as contract_number,
        max(vendor) as vendor,
        sum(reporting_annual_amount) as annual_amount,
        sum(reporting_annual_amount) - sum(reporting_allocated_amount) as shared_amount
    from marts.spend
    where reporting_annual_amount is not null
    group by contract_id
),

contracts_and_none as (
    select
        contract_id, cost_center_id, cost_center_name, seat_count, active_90_count, candidate_count, direct_amount,
        identified_amount
    from seats_of_cost_centers
    union all
    -- every contract has the line, whatever stands on it
    select total.contract_id, 'none', null, 0, 0, 0, cast(0 as decimal(28, 4)), cast(0 as decimal(28, 4))
    from totals_of_contracts as total
    left anti join (
        select contract_id from seats_of_cost_centers where cost_center_id = 'none'
    ) as known on total.contract_id = known.contract_id
),

seats_of_contracts as (
    select contract_id, sum(seat_count) as seat_count
    from contracts_and_none
    where cost_center_id <> 'none'
    group by contract_id
),

shares as (
    select
        part.contract_id, part.cost_center_id, part.cost_center_name, part.seat_count, part.active_90_count,
        part.candidate_count, part.direct_amount, part.identified_amount, total.annual_amount, total.shared_amount,
        total.contract_number, total.vendor,
        case
            when part.cost_center_id = 'none' then cast(0 as decimal(18, 4))
            else round_money(
                total.shared_amount * cast(part.seat_count as decimal(12, 0))
                / cast(nullif(whole.seat_count, 0) as decimal(12, 0))
            )
        end as shared_part_amount
    from contracts_and_none as part
    inner join totals_of_contracts as total on part.contract_id = total.contract_id
    left join seats_of_contracts as whole on part.contract_id = whole.contract_id
),

given as (
    select contract_id, sum(shared_part_amount) as given_amount
    from shares
    group by contract_id
),

final as (
    select
        share.contract_id, share.contract_number, share.vendor, share.cost_center_id, share.cost_center_name,
        share.seat_count, share.active_90_count, share.candidate_count, share.direct_amount,
        case
            when share.cost_center_id = 'none' then share.shared_amount - given.given_amount
            else share.shared_part_amount
        end as shared_amount,
        share.direct_amount
        + case
            when share.cost_center_id = 'none' then share.shared_amount - given.given_amount
            else share.shared_part_amount
        end as total_amount,
        share.identified_amount,
        share.direct_amount
        + case
            when share.cost_center_id = 'none' then share.shared_amount - given.given_amount
            else share.shared_part_amount
        end - share.identified_amount as after_reclaim_amount,
        'direct seats, rest by seats (v1)' as method,
        project.reporting_currency
    from shares as share
    inner join given on share.contract_id = given.contract_id
    cross join config.project as project
)

select
    contract_id, contract_number, vendor, cost_center_id, cost_center_name, seat_count, active_90_count,
    candidate_count, direct_amount, shared_amount, total_amount, identified_amount, after_reclaim_amount, method,
    reporting_currency
from final
