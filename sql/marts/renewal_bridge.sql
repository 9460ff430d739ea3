-- A row is a step of the bridge from today's annual amount of a contract to that of its next term: in each currency of
-- its lines by itself (basis contract), and in the reporting currency (basis reporting), in three cases.
with amounts as (
    select
        contract_id, scenario, 'contract' as basis, currency, current_amount, price_driver_amount,
        unused_driver_amount, mix_driver_amount, growth_driver_amount, true_up_driver_amount, term_driver_amount,
        credit_driver_amount, cast(0 as decimal(18, 4)) as fx_driver_amount, proposed_amount
    from marts.renewal_pool_costs
    union all
    -- a line that no rate converts is in no converted sum
    select
        contract_id, scenario, 'reporting' as basis, reporting_currency as currency, current_reporting_amount,
        price_driver_reporting_amount, unused_driver_reporting_amount, mix_driver_reporting_amount,
        growth_driver_reporting_amount, true_up_driver_reporting_amount, term_driver_reporting_amount,
        credit_driver_reporting_amount, fx_driver_reporting_amount,
        current_reporting_amount + price_driver_reporting_amount + unused_driver_reporting_amount
        + mix_driver_reporting_amount + growth_driver_reporting_amount + true_up_driver_reporting_amount
        + term_driver_reporting_amount + credit_driver_reporting_amount + fx_driver_reporting_amount
    from marts.renewal_pool_costs
    where current_reporting_amount is not null
),

totals as (
    select
        contract_id, scenario, basis, currency,
        sum(current_amount) as current_amount,
        sum(price_driver_amount) as price_amount,
        sum(unused_driver_amount) as unused_amount,
        sum(mix_driver_amount) as mix_amount,
        sum(growth_driver_amount) as growth_amount,
        sum(true_up_driver_amount) as true_up_amount,
        sum(term_driver_amount) as term_amount,
        sum(credit_driver_amount) as credit_amount,
        sum(fx_driver_amount) as fx_amount,
        sum(proposed_amount) as proposed_amount
    from amounts
    group by contract_id, scenario, basis, currency
),

steps as (
    select position, step, is_controllable
    from (
        values
        (1, 'current', false), (2, 'price', true), (3, 'unused_seats', true), (4, 'tier_downgrades', true),
        (5, 'joiners', false), (6, 'true_up', true), (7, 'term', true), (8, 'credits', false), (9, 'fx', false),
        (10, 'proposed', false)
    ) as named (position, step, is_controllable)
),

final as (
    select
        total.contract_id, total.scenario, total.basis, total.currency, step.position, step.step,
        step.is_controllable,
        case step.step
            when 'current' then total.current_amount
            when 'price' then total.price_amount
            when 'unused_seats' then total.unused_amount
            when 'tier_downgrades' then total.mix_amount
            when 'joiners' then total.growth_amount
            when 'true_up' then total.true_up_amount
            when 'term' then total.term_amount
            when 'credits' then total.credit_amount
            when 'fx' then total.fx_amount
            else total.proposed_amount
        end as amount
    from totals as total
    cross join steps as step
)

select
    contract_id, scenario, basis, currency, position, step, is_controllable, amount
from final
