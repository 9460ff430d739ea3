-- A row is a named line of the proof that spend ties: contract lines = seats + unassigned - over-assigned + credits +
-- rounding, once per contract currency and once in the reporting currency; the last line is the difference.
-- An amount whose feed names no currency stands under XXX, the ISO code for that.
with contract_lines_as_the_feed_gives_them as (
    select 'contract' as basis, coalesce(annual_currency, 'XXX') as currency, annual_amount as amount
    from core.contract_lines
    where is_in_force and annual_amount is not null
    union all
    select 'reporting' as basis, reporting_currency as currency, reporting_annual_amount as amount
    from core.contract_lines
    where is_in_force and reporting_annual_amount is not null
),

seats_as_they_are_costed as (
    select 'contract' as basis, coalesce(annual_currency, 'XXX') as currency, annual_amount as amount
    from core.seat_costs
    where contract_line_id is not null and annual_amount is not null
    union all
    select 'reporting' as basis, reporting_currency as currency, reporting_annual_amount as amount
    from core.seat_costs
    where contract_line_id is not null and reporting_annual_amount is not null
),

splits_of_the_lines as (
    select
        'contract' as basis,
        coalesce(annual_currency, 'XXX') as currency,
        unassigned_amount,
        over_assigned_amount,
        credit_amount,
        rounding_amount
    from marts.spend
    where annual_amount is not null
    union all
    select
        'reporting' as basis,
        reporting_currency as currency,
        reporting_unassigned_amount as unassigned_amount,
        reporting_over_assigned_amount as over_assigned_amount,
        reporting_credit_amount as credit_amount,
        reporting_rounding_amount as rounding_amount
    from marts.spend
    where reporting_annual_amount is not null
),

signed_amounts as (
    select basis, currency, 1 as position, 'contract_lines' as line_name, amount
    from contract_lines_as_the_feed_gives_them
    union all
    select basis, currency, 2 as position, 'allocated_to_seats' as line_name, amount
    from seats_as_they_are_costed
    union all
    select basis, currency, 3 as position, 'unassigned' as line_name, unassigned_amount as amount
    from splits_of_the_lines
    union all
    select basis, currency, 4 as position, 'over_assigned' as line_name, -over_assigned_amount as amount
    from splits_of_the_lines
    union all
    select basis, currency, 5 as position, 'credits' as line_name, credit_amount as amount
    from splits_of_the_lines
    union all
    select basis, currency, 6 as position, 'rounding' as line_name, rounding_amount as amount
    from splits_of_the_lines
),

final as (
    select
        basis,
        currency,
        position,
        line_name,
        count(*) as item_count,
        coalesce(sum(amount), 0) as amount
    from signed_amounts
    group by basis, currency, position, line_name
    union all
    select
        basis,
        currency,
        7 as position,
        'difference' as line_name,
        count(*) as item_count,
        coalesce(sum(case when position = 1 then amount else -amount end), 0) as amount
    from signed_amounts
    group by basis, currency
)

select basis, currency, position, line_name, item_count, amount
from final
