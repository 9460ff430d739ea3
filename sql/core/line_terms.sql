-- A row is a contract line in force with what is agreed of its SKU: least quantity, metric, list price, next ramp
-- step.
with clauses_of_lines as (
    select
        line.contract_line_id,
        max(clause.value) filter (where clause.clause = 'licence_metric') as licence_metric,
        max(clause.number) filter (where clause.clause = 'minimum_quantity') as minimum_quantity,
        max(clause.number) filter (where clause.clause = 'list_unit_price') as list_unit_price,
        max(clause.number) filter (where clause.clause = 'ramp_quantity') as ramp_quantity
    from core.contract_lines as line
    inner join core.contract_clauses as clause
        on line.contract_id = clause.contract_id
        and (line.source_sku_id = clause.sku_id or line.sku_id = clause.sku_id)
    where line.is_in_force
    group by line.contract_line_id
),

-- a price has a currency: of a SKU that a contract sells in several nobody says which one is meant
currencies_of_skus as (
    select contract_id, sku_id, count(distinct annual_currency) as currency_count
    from core.contract_lines
    where is_in_force and line_type not in ('credit', 'refund')
    group by contract_id, sku_id
),

-- steps still to come until the renewal; the last of them is what the renewal begins with
steps_to_come as (
    select
        line.contract_line_id,
        first_value(step.number order by step.effective_from desc) as ramp_quantity,
        max(step.effective_from) as ramp_on
    from core.contract_lines as line
    inner join seeds.contract_clauses as step
        on coalesce(line.contract_number, line.contract_id) = step.contract_number
        and (line.source_sku_id = step.sku_id or line.sku_id = step.sku_id)
    where
        line.is_in_force and step.clause = 'ramp_quantity' and step.effective_from > $as_of
        and (line.renewal_on is null or step.effective_from <= line.renewal_on)
    group by line.contract_line_id
),

final as (
    select
        line.contract_line_id, line.contract_id,
        coalesce(clause.licence_metric, 'named') as licence_metric,
        cast(clause.minimum_quantity as bigint) as minimum_quantity,
        case when sku.currency_count = 1 then clause.list_unit_price end as list_unit_price,
        case
            when sku.currency_count = 1
                then round_money(clause.list_unit_price * cast(line.periods_per_year as decimal(4, 0)))
        end as list_annual_unit_amount,
        cast(clause.ramp_quantity as bigint) as ramp_quantity,
        cast(step.ramp_quantity as bigint) as next_ramp_quantity, step.ramp_on as next_ramp_on
    from core.contract_lines as line
    left join clauses_of_lines as clause on line.contract_line_id = clause.contract_line_id
    left join currencies_of_skus as sku on line.contract_id = sku.contract_id and line.sku_id = sku.sku_id
    left join steps_to_come as step on line.contract_line_id = step.contract_line_id
    where line.is_in_force
)

select
    contract_line_id, contract_id, licence_metric, minimum_quantity, list_unit_price, list_annual_unit_amount,
    ramp_quantity, next_ramp_quantity, next_ramp_on
from final
