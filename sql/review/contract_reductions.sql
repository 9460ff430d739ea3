-- One row per SKU and day from which less of it is bought: lines ended and what follows them holds fewer seats (the
-- terms say the day), or the same lines hold fewer than in the run before (the day of the first run that shows it).
-- Paper comes late and feeds err: a fall is settled when 30 days have passed and it is still one, and stays as it is
-- from then on, for the feed forgets lines that ended and tells later quantities of those that go on.
with lines_bought as (
    select
        app_id, sku_id, contract_line_id, coalesce(contract_number, contract_id) as contract_number, quantity,
        term_from, term_to, is_in_force
    from core.contract_lines
    where app_id is not null and sku_id is not null and quantity is not null
        and line_type not in ('credit', 'refund')
        and coalesce(gap_reason, '') <> 'no_contract'
        and (is_in_force or term_to <= $as_of)
),

days_on_which_lines_ended as (
    select distinct app_id, sku_id, term_to as effective_on
    from lines_bought
    where term_to <= $as_of
),

quantities_at_ends as (
    select
        d.app_id,
        d.sku_id,
        d.effective_on,
        coalesce(sum(l.quantity) filter (
            where (l.term_from is null or l.term_from < d.effective_on)
                and (l.term_to is null or l.term_to >= d.effective_on)
        ), 0) as quantity_before,
        coalesce(sum(l.quantity) filter (
            where (l.term_from is null or l.term_from <= d.effective_on)
                and (l.term_to is null or l.term_to > d.effective_on)
        ), 0) as quantity_after,
        max(l.contract_number) filter (
            where l.term_to is null or l.term_to > d.effective_on
        ) as contract_number_after,
        max(l.contract_number) filter (where l.term_to = d.effective_on) as contract_number_before
    from days_on_which_lines_ended as d
    inner join lines_bought as l on l.app_id = d.app_id and l.sku_id = d.sku_id
    group by d.app_id, d.sku_id, d.effective_on
),

ended as (
    select
        app_id, sku_id, effective_on, 'renewal' as how, quantity_before, quantity_after,
        coalesce(contract_number_after, contract_number_before) as contract_number
    from quantities_at_ends
    where quantity_after < quantity_before
),

lines_in_force as (
    select app_id, sku_id, contract_line_id, contract_number, quantity, term_from
    from lines_bought
    where is_in_force
),

lines_in_force_before as (
    select app_id, sku_id, contract_line_id, quantity, term_from
    from earlier.contract_lines
    where is_in_force and app_id is not null and sku_id is not null and quantity is not null
        and line_type not in ('credit', 'refund')
),

-- Lines that began or ended speak by their terms: only where the lines are the same is a fall an amendment.
lines_of_both_runs as (
    select
        coalesce(n.app_id, b.app_id) as app_id,
        coalesce(n.sku_id, b.sku_id) as sku_id,
        n.contract_number,
        n.quantity,
        b.quantity as quantity_before,
        n.contract_line_id is not null and b.contract_line_id is not null
        and n.term_from is not distinct from b.term_from as is_same
    from lines_in_force as n
    full outer join lines_in_force_before as b
        on b.contract_line_id = n.contract_line_id and b.app_id = n.app_id and b.sku_id = n.sku_id
),

amended as (
    select
        app_id, sku_id, $as_of as effective_on, 'amendment' as how, sum(quantity_before) as quantity_before,
        sum(quantity) as quantity_after, max(contract_number) as contract_number
    from lines_of_both_runs
    group by app_id, sku_id
    having bool_and(is_same) and sum(quantity) < sum(quantity_before)
),

quantities_in_force as (
    select app_id, sku_id, sum(quantity) as quantity
    from lines_in_force
    group by app_id, sku_id
),

-- What is not settled is judged anew: by the lines that ended, as long as the feed has them; by the quantity of today.
kept as (
    select
        b.app_id, b.sku_id, b.effective_on, b.how, b.quantity_before, b.quantity_after, b.contract_number
    from earlier.contract_reductions as b
    left join days_on_which_lines_ended as d
        on d.app_id = b.app_id and d.sku_id = b.sku_id and d.effective_on = b.effective_on
    left join quantities_in_force as q on q.app_id = b.app_id and q.sku_id = b.sku_id
    where b.is_settled
        or (b.how = 'renewal' and d.app_id is null)
        or (b.how = 'amendment' and coalesce(q.quantity, 0) <= b.quantity_after)
),

found as (
    select app_id, sku_id, effective_on, how, quantity_before, quantity_after, contract_number from ended
    union all
    select app_id, sku_id, effective_on, how, quantity_before, quantity_after, contract_number from amended
),

reductions as (
    select app_id, sku_id, effective_on, how, quantity_before, quantity_after, contract_number from kept
    union all
    select
        f.app_id, f.sku_id, f.effective_on, f.how, f.quantity_before, f.quantity_after, f.contract_number
    from found as f
    left anti join kept as k
        on k.app_id = f.app_id and k.sku_id = f.sku_id and k.effective_on = f.effective_on
),

final as (
    select
        app_id, sku_id, effective_on, how, quantity_before, quantity_after,
        quantity_before - quantity_after as reduced_quantity, contract_number,
        $as_of >= effective_on + 30 as is_settled
    from reductions
)

select
    app_id, sku_id, effective_on, how, quantity_before, quantity_after, reduced_quantity, contract_number, is_settled
from final
