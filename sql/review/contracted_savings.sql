-- One row per seat that is proved gone and whose quantity a contract gave up: a fall of the quantity bought, later
-- than the removal, is laid to removals of that SKU, oldest first, never to more of them than it is. A saving is
-- realised when the invoices of a period that begins with the fall or later carry no more than the lines cost: what is
-- billed above that leaves as much unrealised, the newest removals first. Both days stay as they were found.
with seats_proved_gone as (
    select
        e.candidate_id,
        e.app_id,
        e.sku_id,
        e.contract_annual_saving_amount,
        e.contract_annual_saving_currency,
        coalesce(s.executed_on, b.executed_on, o.fed_on) as gone_on,
        b.contracted_on,
        b.realised_on,
        b.realised_by
    from review.evidence as e
    inner join review.states as s on s.candidate_id = e.candidate_id
    left join review.outcome_checks as o on o.candidate_id = e.candidate_id
    left join earlier.review_candidates as b on b.candidate_id = e.candidate_id
    where e.action in ('reclaim', 'downgrade')
        and (s.state = 'verified' or o.outcome = 'removed')
        -- a seat that was granted again saves nothing
        and b.regranted_on is null
        and not (s.state = 'verified' and coalesce(o.has_the_seat, false))
),

claims_that_hold as (
    select
        g.candidate_id, g.app_id, g.sku_id, g.contracted_on, r.reduced_quantity,
        row_number() over (
            partition by g.app_id, g.sku_id, g.contracted_on order by g.gone_on, g.candidate_id
        ) as place
    from seats_proved_gone as g
    inner join review.contract_reductions as r
        on r.app_id = g.app_id and r.sku_id = g.sku_id and r.effective_on = g.contracted_on and r.is_settled
),

claims as (
    select candidate_id, app_id, sku_id, contracted_on
    from claims_that_hold
    where place <= reduced_quantity
),

claimed_of_reductions as (
    select app_id, sku_id, contracted_on, count(*) as claimed_count
    from claims
    group by app_id, sku_id, contracted_on
),

seats_in_line as (
    select
        g.candidate_id, g.app_id, g.sku_id, g.gone_on,
        row_number() over (partition by g.app_id, g.sku_id order by g.gone_on, g.candidate_id) as place
    from seats_proved_gone as g
    left anti join claims as c on c.candidate_id = g.candidate_id
),

room_of_reductions as (
    select
        r.app_id,
        r.sku_id,
        r.effective_on,
        max(r.reduced_quantity) - coalesce(max(c.claimed_count), 0) as room,
        count(*) filter (where s.gone_on < r.effective_on) as eligible_count
    from review.contract_reductions as r
    left join claimed_of_reductions as c
        on c.app_id = r.app_id and c.sku_id = r.sku_id and c.contracted_on = r.effective_on
    left join seats_in_line as s on s.app_id = r.app_id and s.sku_id = r.sku_id
    where r.is_settled
    group by r.app_id, r.sku_id, r.effective_on
),

room_up_to_each as (
    select
        app_id, sku_id, effective_on, room, eligible_count,
        sum(room) over (
            partition by app_id, sku_id order by effective_on rows between unbounded preceding and current row
        ) as room_until
    from room_of_reductions
),

-- Each takes the oldest that are left and were gone before it, so those taken are always the first of the line: as many
-- as there is room for, but after each fall no more than were gone by then.
taken_up_to_each as (
    select
        app_id, sku_id, effective_on,
        room_until + least(
            min(eligible_count - room_until) over (
                partition by app_id, sku_id order by effective_on rows between unbounded preceding and current row
            ), 0
        ) as taken_until
    from room_up_to_each
),

places_of_reductions as (
    select
        app_id, sku_id, effective_on, taken_until,
        coalesce(lag(taken_until) over (partition by app_id, sku_id order by effective_on), 0) as taken_before
    from taken_up_to_each
),

contracted as (
    select s.candidate_id, p.effective_on as contracted_on
    from seats_in_line as s
    inner join places_of_reductions as p on p.app_id = s.app_id and p.sku_id = s.sku_id
    where s.place > p.taken_before and s.place <= p.taken_until
    union all
    select candidate_id, contracted_on
    from claims
),

contracted_seats as (
    select
        g.candidate_id, g.app_id, g.sku_id, g.gone_on, c.contracted_on, r.contract_number,
        g.contract_annual_saving_amount, g.contract_annual_saving_currency,
        case when c.contracted_on = g.contracted_on then g.realised_on end as realised_on,
        case when c.contracted_on = g.contracted_on then g.realised_by end as realised_by
    from seats_proved_gone as g
    inner join contracted as c on c.candidate_id = g.candidate_id
    left join review.contract_reductions as r
        on r.app_id = g.app_id and r.sku_id = g.sku_id and r.effective_on = c.contracted_on
),

-- Whole months alone can be compared with a year of a line.
periods_billed as (
    select
        contract_number, currency, period_from, period_to,
        (cast(date_part('year', period_to) as bigint) - cast(date_part('year', period_from) as bigint)) * 12
        + cast(date_part('month', period_to) as bigint) - cast(date_part('month', period_from) as bigint) as months,
        sum(amount) as billed_amount,
        max(invoiced_on) as billed_on,
        max(invoice_id) as invoice_id
    from core.invoices
    where kind in ('invoice', 'credit')
        and date_part('day', period_from) = date_part('day', period_to)
    group by contract_number, currency, period_from, period_to
),

lines_of_periods as (
    select
        p.contract_number, p.currency, p.period_from, p.period_to, p.months, p.billed_amount, p.billed_on,
        p.invoice_id, l.app_id, l.sku_id, l.annual_amount, l.annual_unit_amount
    from periods_billed as p
    inner join core.contract_lines as l
        on coalesce(l.contract_number, l.contract_id) = p.contract_number and l.annual_currency = p.currency
    where p.months > 0
        and (l.term_from is null or l.term_from <= p.period_from)
        and (l.term_to is null or l.term_to > p.period_from)
),

prices_of_periods as (
    select
        contract_number, currency, period_from, period_to, app_id, sku_id,
        max(annual_unit_amount) as annual_unit_amount
    from lines_of_periods
    group by contract_number, currency, period_from, period_to, app_id, sku_id
),

-- The feed tells the quantity of today: what an amendment took away later was billed with right.
amended_later as (
    select
        l.contract_number, l.currency, l.period_from, l.period_to,
        sum(l.annual_unit_amount * cast(r.reduced_quantity as decimal(12, 0))) as annual_amount
    from prices_of_periods as l
    inner join review.contract_reductions as r
        on r.app_id = l.app_id and r.sku_id = l.sku_id and r.contract_number = l.contract_number
    where r.how = 'amendment' and r.effective_on > l.period_from
    group by l.contract_number, l.currency, l.period_from, l.period_to
),

costs_of_periods as (
    select
        contract_number, currency, period_from, period_to, months, billed_amount, billed_on, invoice_id,
        sum(annual_amount) as annual_amount
    from lines_of_periods
    group by contract_number, currency, period_from, period_to, months, billed_amount, billed_on, invoice_id
    having count(*) = count(annual_amount)
),

periods_beside_their_lines as (
    select
        c.contract_number, c.currency, c.period_from, c.period_to, c.months, c.billed_on, c.invoice_id,
        greatest(
            c.billed_amount - round_money(
                (c.annual_amount + coalesce(a.annual_amount, 0)) * cast(c.months as decimal(4, 0))
                / cast(12 as decimal(4, 0))
            ), 0
        ) as excess_amount
    from costs_of_periods as c
    left join amended_later as a
        on a.contract_number = c.contract_number and a.currency = c.currency and a.period_from = c.period_from
        and a.period_to = c.period_to
),

parts_of_periods as (
    select
        s.candidate_id, s.gone_on, p.contract_number, p.period_from, p.period_to, p.billed_on, p.invoice_id,
        p.excess_amount,
        round_money(
            s.contract_annual_saving_amount * cast(p.months as decimal(4, 0)) / cast(12 as decimal(4, 0))
        ) as part_amount
    from contracted_seats as s
    inner join periods_beside_their_lines as p
        on p.contract_number = s.contract_number and p.currency = s.contract_annual_saving_currency
    where p.period_from >= s.contracted_on and s.contract_annual_saving_amount > 0
),

parts_before_the_rest as (
    select
        candidate_id, period_from, billed_on, invoice_id, part_amount,
        -- a hundredth of a seat is rounding
        case when excess_amount * 100 <= part_amount then 0 else excess_amount end as excess_amount,
        sum(part_amount) over (
            partition by contract_number, period_from, period_to order by gone_on desc, candidate_id desc
            rows between unbounded preceding and current row
        ) as part_and_newer_amount
    from parts_of_periods
),

realised as (
    select
        candidate_id,
        min(billed_on) as realised_on,
        first_value(invoice_id order by billed_on, invoice_id) as realised_by
    from parts_before_the_rest
    -- what is billed too much is as much of the newest as it takes, a seat that it touches whole
    where part_and_newer_amount - part_amount >= excess_amount
    group by candidate_id
),

final as (
    select
        s.candidate_id, s.app_id, s.sku_id, s.gone_on, s.contracted_on, s.contract_number,
        coalesce(s.realised_on, r.realised_on) as realised_on,
        coalesce(s.realised_by, r.realised_by) as realised_by
    from contracted_seats as s
    left join realised as r on r.candidate_id = s.candidate_id
)

select
    candidate_id, app_id, sku_id, gone_on, contracted_on, contract_number, realised_on, realised_by
from final
