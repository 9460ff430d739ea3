-- A row is a contract at one window of inactivity and one reserve: how many seats it would need if every seat idle
-- that long were given back. Held, on leave, excepted, protected and unknown seats are never given back here either.
with windows as (
    select window_days
    from (values (14), (30), (45), (60), (75), (90), (120), (150), (180)) as named (window_days)
),

buffers as (
    select buffer_percent
    from (values (0), (5), (10), (15), (20)) as named (buffer_percent)
),

idle_of_pools as (
    select
        seat.contract_id, seat.app_id, seat.sku_id, coalesce(seat.annual_currency, 'XXX') as currency,
        one.window_days,
        count(*) filter (
            where
                seat.reason = 'leaver'
                or (
                    seat.idle_days >= one.window_days
                    and (seat.verdict = 'candidate' or (seat.verdict = 'keep' and seat.reason = 'active'))
                )
        ) as idle_count
    from marts.seat_usage as seat
    cross join windows as one
    where seat.contract_id is not null
    group by
        seat.contract_id, seat.app_id, seat.sku_id, coalesce(seat.annual_currency, 'XXX'), one.window_days
),

pools as (
    select
        pool.contract_id, pool.app_id, pool.sku_id, pool.currency, one.window_days, two.buffer_percent,
        pool.purchased_quantity, pool.assigned_count, pool.is_judged, coalesce(idle.idle_count, 0) as idle_count,
        case
            when not pool.is_judged then pool.purchased_quantity
            else greatest(
                coalesce(pool.minimum_quantity, 0),
                (
                    (coalesce(pool.concurrent_count, pool.assigned_count - coalesce(idle.idle_count, 0)))
                    * (100 + two.buffer_percent) + 99
                ) / 100
            )
        end as needed_quantity
    from marts.renewal_pools as pool
    cross join windows as one
    cross join buffers as two
    left join idle_of_pools as idle
        on pool.contract_id = idle.contract_id
        and pool.app_id = idle.app_id
        and pool.sku_id = idle.sku_id
        and pool.currency = idle.currency
        and one.window_days = idle.window_days
),

final as (
    select
        pool.contract_id, pool.window_days, pool.buffer_percent,
        sum(pool.purchased_quantity) as purchased_quantity,
        sum(pool.assigned_count) as assigned_count,
        sum(pool.idle_count) as idle_count,
        sum(pool.needed_quantity) as needed_quantity,
        sum(
            round_money(
                (cost.current_reporting_amount + cost.price_driver_reporting_amount)
                * cast(pool.needed_quantity as decimal(12, 0))
                / nullif(cast(pool.purchased_quantity as decimal(12, 0)), 0)
            )
        ) as reporting_annual_amount,
        max(cost.reporting_currency) as reporting_currency
    from pools as pool
    inner join marts.renewal_pool_costs as cost
        on pool.contract_id = cost.contract_id
        and pool.app_id = cost.app_id
        and pool.sku_id = cost.sku_id
        and pool.currency = cost.currency
        and cost.scenario = 'base'
    group by pool.contract_id, pool.window_days, pool.buffer_percent
)

select
    contract_id, window_days, buffer_percent, purchased_quantity, assigned_count, idle_count, needed_quantity,
    reporting_annual_amount, reporting_currency
from final
