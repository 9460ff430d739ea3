-- A row is a day of the last ninety and a SKU that is licensed by concurrent use: how many of its holders signed in.
-- Daily use never sizes named seats, so only such SKUs have rows.
with days as (
    select tens.n * 10 + ones.n as back
    from (values (0), (1), (2), (3), (4), (5), (6), (7), (8)) as tens (n)
    cross join (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as ones (n)
),

skus_in_concurrent_use as (
    select distinct line.app_id, line.sku_id
    from core.line_terms as term
    inner join core.contract_lines as line on term.contract_line_id = line.contract_line_id
    where term.licence_metric = 'concurrent' and line.app_id is not null and line.sku_id is not null
),

holders as (
    select distinct seat.app_id, seat.sku_id, seat.okta_account_id, log.sign_in_complete_through as complete_through
    from core.seats as seat
    inner join skus_in_concurrent_use as sku on seat.app_id = sku.app_id and seat.sku_id = sku.sku_id
    inner join core.app_signals as log on seat.app_id = log.app_id
    where
        seat.okta_account_id is not null and log.sign_in_collected and log.sign_in_complete_through is not null
),

sign_ins as (
    select
        holder.app_id, holder.sku_id, holder.okta_account_id, max(holder.complete_through) as complete_through,
        bit_or(used.w0) as w0, bit_or(used.w1) as w1, bit_or(used.w2) as w2, bit_or(used.w3) as w3,
        bit_or(used.w4) as w4, bit_or(used.w5) as w5, bit_or(used.w6) as w6
    from holders as holder
    inner join seeds.app_okta_ids as instance on holder.app_id = instance.app_id
    inner join usage.sign_ins as used
        on instance.okta_app_id = used.app_instance_id and holder.okta_account_id = used.account_id
    group by holder.app_id, holder.sku_id, holder.okta_account_id
),

final as (
    select
        used.app_id, used.sku_id, used.complete_through - day.back as day_on,
        coalesce(
            sum(
                active_days(
                    used.w0, used.w1, used.w2, used.w3, used.w4, used.w5, used.w6,
                    used.complete_through - day.back - 1, used.complete_through - day.back
                )
            ), 0
        ) as active_count
    from sign_ins as used
    cross join days as day
    group by used.app_id, used.sku_id, used.complete_through, day.back
)

select
    app_id, sku_id, day_on, active_count
from final
