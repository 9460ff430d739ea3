-- A row is a pool of a contract, or its credits, in one case (low, base, high saving): the quantities and amounts of
-- the bridge, each computed on the state the one before left:   current -> price -> unused seats -> tier downgrades ->
-- joiners -> true-up -> term -> credits that lapse -> proposed
with pools_priced as (
    select
        line.contract_id,
        coalesce(line.app_id, 'none') as app_id,
        coalesce(line.sku_id, line.source_sku_id, 'none') as sku_id,
        coalesce(line.annual_currency, 'XXX') as currency,
        coalesce(sum(line.annual_amount), 0) as current_amount,
        sum(line.reporting_annual_amount) as current_reporting_amount,
        count(*) filter (where line.annual_amount is null) as unpriced_line_count,
        max(case when line.reporting_annual_amount is not null then line.fx_rate end) as fx_rate,
        max(term.list_annual_unit_amount) as list_annual_unit_amount
    from core.contract_lines as line
    inner join core.line_terms as term on line.contract_line_id = term.contract_line_id
    where line.is_in_force and line.line_type not in ('credit', 'refund')
    group by
        line.contract_id, coalesce(line.app_id, 'none'), coalesce(line.sku_id, line.source_sku_id, 'none'),
        coalesce(line.annual_currency, 'XXX')
),

cases as (
    select position, scenario
    from (values (1, 'low'), (2, 'base'), (3, 'high')) as named (position, scenario)
),

-- quantities of the steps: seats now with reserve, then with downgrades, then with joiners and leavers
quantities as (
    select
        pool.contract_id, pool.app_id, pool.sku_id, pool.currency, one.scenario, pool.purchased_quantity,
        case one.scenario
            when 'low' then pool.low_saving_quantity
            when 'base' then pool.recommended_quantity
            else pool.high_saving_quantity
        end as proposed_quantity,
        pool.is_judged, coalesce(pool.minimum_quantity, 0) as minimum_quantity,
        10000 + cast(pool.buffer_share * 10000 as bigint) as reserve_e4,
        case
            when pool.concurrent_count is not null then pool.concurrent_count
            when one.scenario = 'high' then greatest(pool.assigned_count - pool.open_reclaim_count, 0)
            else greatest(pool.assigned_count - pool.accepted_reclaim_count, 0)
        end as kept_count,
        case when one.scenario = 'high' then pool.high_base_count else pool.base_count end as placed_count
    from marts.renewal_pools as pool
    cross join cases as one
),

quantities_of_steps as (
    select
        contract_id, app_id, sku_id, currency, scenario, purchased_quantity, proposed_quantity,
        case
            when is_judged then greatest(minimum_quantity, (kept_count * reserve_e4 + 9999) / 10000)
            else purchased_quantity
        end as kept_quantity,
        case
            when is_judged then greatest(minimum_quantity, (placed_count * reserve_e4 + 9999) / 10000)
            else purchased_quantity
        end as placed_quantity
    from quantities
),

-- more needed than bought is no unused seat below zero: it is the true-up at the end
quantities_in_order as (
    select
        contract_id, app_id, sku_id, currency, scenario, purchased_quantity, proposed_quantity,
        least(purchased_quantity, kept_quantity) as used_quantity,
        least(purchased_quantity, kept_quantity) + placed_quantity - kept_quantity as mixed_quantity,
        least(purchased_quantity, kept_quantity) + proposed_quantity - kept_quantity as grown_quantity,
        greatest(kept_quantity - purchased_quantity, 0) as true_up_quantity
    from quantities_of_steps
),

priced as (
    select
        step.contract_id, step.app_id, step.sku_id, step.currency, step.scenario, step.purchased_quantity,
        step.proposed_quantity, step.used_quantity, step.mixed_quantity, step.grown_quantity, step.true_up_quantity,
        pool.current_amount, pool.current_reporting_amount, pool.fx_rate, pool.unpriced_line_count,
        round_money(
            pool.current_amount * (cast(100 as decimal(9, 4)) + coalesce(contract.expected_uplift_percent, 0)) / 100
        ) as price_amount,
        case when contract.true_up_price = 'list' then pool.list_annual_unit_amount end as true_up_unit_amount,
        coalesce(contract.term_discount_percent, 0) as term_discount_percent,
        case when contract.fx_clause = 'fixed' then contract.fx_clause_rate end as fx_clause_rate
    from quantities_in_order as step
    inner join pools_priced as pool
        on step.contract_id = pool.contract_id
        and step.app_id = pool.app_id
        and step.sku_id = pool.sku_id
        and step.currency = pool.currency
    inner join core.contracts as contract on step.contract_id = contract.contract_id
),

per_seat as (
    select
        *,
        cast(nullif(purchased_quantity, 0) as decimal(12, 0)) as seats
    from priced
),

states as (
    select
        *,
        coalesce(round_money(price_amount * cast(used_quantity as decimal(12, 0)) / seats), 0) as used_amount,
        coalesce(round_money(price_amount * cast(mixed_quantity as decimal(12, 0)) / seats), 0) as mixed_amount,
        coalesce(round_money(price_amount * cast(grown_quantity as decimal(12, 0)) / seats), 0) as grown_amount,
        coalesce(
            round_money(
                case
                    when true_up_unit_amount is not null
                        then true_up_unit_amount * cast(true_up_quantity as decimal(12, 0))
                    else price_amount * cast(true_up_quantity as decimal(12, 0)) / seats
                end
            ), 0
        ) as true_up_amount
    from per_seat
),

closed as (
    select
        *,
        round_money(
            (grown_amount + true_up_amount) * (cast(100 as decimal(9, 4)) - term_discount_percent) / 100
        ) as proposed_amount
    from states
),

credits as (
    select
        line.contract_id,
        'credit' as app_id,
        coalesce(line.source_sku_id, line.contract_line_id) as sku_id,
        coalesce(line.annual_currency, 'XXX') as currency,
        coalesce(sum(line.annual_amount), 0) as current_amount,
        sum(line.reporting_annual_amount) as current_reporting_amount,
        count(*) filter (where line.annual_amount is null) as unpriced_line_count
    from core.contract_lines as line
    where line.is_in_force and line.line_type in ('credit', 'refund')
    group by
        line.contract_id, coalesce(line.source_sku_id, line.contract_line_id), coalesce(line.annual_currency, 'XXX')
),

drivers as (
    select
        contract_id, app_id, sku_id, currency, scenario, purchased_quantity, proposed_quantity, used_quantity,
        mixed_quantity, grown_quantity, true_up_quantity, unpriced_line_count, current_amount,
        price_amount - current_amount as price_driver_amount,
        used_amount - price_amount as unused_driver_amount,
        mixed_amount - used_amount as mix_driver_amount,
        grown_amount - mixed_amount as growth_driver_amount,
        true_up_amount as true_up_driver_amount,
        proposed_amount - grown_amount - true_up_amount as term_driver_amount,
        cast(0 as decimal(18, 4)) as credit_driver_amount,
        proposed_amount, current_reporting_amount, fx_rate, fx_clause_rate
    from closed
    union all
    select
        credit.contract_id, credit.app_id, credit.sku_id, credit.currency, one.scenario, 0, 0, 0, 0, 0, 0,
        credit.unpriced_line_count, credit.current_amount, cast(0 as decimal(18, 4)), cast(0 as decimal(18, 4)),
        cast(0 as decimal(18, 4)), cast(0 as decimal(18, 4)), cast(0 as decimal(18, 4)), cast(0 as decimal(18, 4)),
        -credit.current_amount, cast(0 as decimal(18, 4)), credit.current_reporting_amount,
        cast(null as decimal(28, 10)), cast(null as decimal(28, 10))
    from credits as credit
    cross join cases as one
),

-- a driver converts as its line does today; the rate a contract fixes for its next term is a driver of its own
converted as (
    select
        *,
        round_money(price_driver_amount * fx_rate) as price_driver_reporting_amount,
        round_money(unused_driver_amount * fx_rate) as unused_driver_reporting_amount,
        round_money(mix_driver_amount * fx_rate) as mix_driver_reporting_amount,
        round_money(growth_driver_amount * fx_rate) as growth_driver_reporting_amount,
        round_money(true_up_driver_amount * fx_rate) as true_up_driver_reporting_amount,
        round_money(term_driver_amount * fx_rate) as term_driver_reporting_amount,
        -- of a credit nothing else moves; of what no rate converts nothing is known
        case when current_reporting_amount is not null then cast(0 as decimal(18, 4)) end as nothing_amount,
        case
            when fx_rate is null then null
            when fx_clause_rate is null then cast(0 as decimal(18, 4))
            else
                convert_money(proposed_amount, fx_clause_rate, cast(1 as decimal(28, 10)))
                - round_money(proposed_amount * fx_rate)
        end as fx_driver_reporting_amount
    from drivers
),

final as (
    select
        cost.contract_id, cost.scenario, cost.app_id, cost.sku_id, cost.currency, cost.purchased_quantity,
        cost.used_quantity, cost.mixed_quantity, cost.grown_quantity, cost.true_up_quantity, cost.proposed_quantity,
        cost.current_amount, cost.price_driver_amount, cost.unused_driver_amount, cost.mix_driver_amount,
        cost.growth_driver_amount, cost.true_up_driver_amount, cost.term_driver_amount, cost.credit_driver_amount,
        cost.proposed_amount, cost.current_reporting_amount,
        coalesce(cost.price_driver_reporting_amount, cost.nothing_amount) as price_driver_reporting_amount,
        coalesce(cost.unused_driver_reporting_amount, cost.nothing_amount) as unused_driver_reporting_amount,
        coalesce(cost.mix_driver_reporting_amount, cost.nothing_amount) as mix_driver_reporting_amount,
        coalesce(cost.growth_driver_reporting_amount, cost.nothing_amount) as growth_driver_reporting_amount,
        coalesce(cost.true_up_driver_reporting_amount, cost.nothing_amount) as true_up_driver_reporting_amount,
        coalesce(cost.term_driver_reporting_amount, cost.nothing_amount) as term_driver_reporting_amount,
        case when cost.app_id = 'credit' then -cost.current_reporting_amount else cost.nothing_amount end
            as credit_driver_reporting_amount,
        coalesce(cost.fx_driver_reporting_amount, cost.nothing_amount) as fx_driver_reporting_amount,
        project.reporting_currency, cost.unpriced_line_count
    from converted as cost
    cross join config.project as project
)

select
    contract_id, scenario, app_id, sku_id, currency, purchased_quantity, used_quantity, mixed_quantity,
    grown_quantity, true_up_quantity, proposed_quantity, current_amount, price_driver_amount, unused_driver_amount,
    mix_driver_amount, growth_driver_amount, true_up_driver_amount, term_driver_amount, credit_driver_amount,
    proposed_amount, current_reporting_amount, price_driver_reporting_amount, unused_driver_reporting_amount,
    mix_driver_reporting_amount, growth_driver_reporting_amount, true_up_driver_reporting_amount,
    term_driver_reporting_amount, credit_driver_reporting_amount, fx_driver_reporting_amount, reporting_currency,
    unpriced_line_count
from final
