-- One row per seat that people have said something about: holds, exceptions, self-confirmations and the newest
-- executed downgrade. Each names an account of an app and optionally one SKU; without one it means all its seats.
with holds_in_force as (
    select
        s.app_id,
        s.account_id,
        s.sku_id,
        first_value(h.effective_from order by h.expires_on desc, h.effective_from, h.source_line) as hold_from,
        max(h.expires_on) as hold_until,
        first_value(h.reason_code order by h.expires_on desc, h.effective_from, h.source_line) as hold_reason_code,
        first_value(h.source_line order by h.expires_on desc, h.effective_from, h.source_line) as hold_ref
    from core.holds as h
    inner join core.seats as s
        on s.app_id = h.app_id
        and s.account_id = h.account_id
    where h.effective_from <= $as_of
        and $as_of < h.expires_on
        and (h.sku_id is null or h.sku_id = s.sku_id)
    group by s.app_id, s.account_id, s.sku_id
),

-- Of several exceptions the longest-lasting gives the reason.
exceptions_in_force as (
    select
        s.app_id,
        s.account_id,
        s.sku_id,
        first_value(e.effective_from order by e.expires_on desc, e.effective_from, e.source_line) as exception_from,
        max(e.expires_on) as exception_until,
        first_value(e.reason_code order by e.expires_on desc, e.effective_from, e.source_line)
            as exception_reason_code,
        first_value(e.source_line order by e.expires_on desc, e.effective_from, e.source_line) as exception_ref
    from core.exceptions as e
    inner join core.seats as s
        on s.app_id = e.app_id
        and s.account_id = e.account_id
    where e.effective_from <= $as_of
        and $as_of < e.expires_on
        and (e.sku_id is null or e.sku_id = s.sku_id)
    group by s.app_id, s.account_id, s.sku_id
),

newest_self_confirmations as (
    select
        s.app_id,
        s.account_id,
        s.sku_id,
        max(c.confirmed_on) as confirmed_on
    from core.self_confirmations as c
    inner join core.seats as s
        on s.app_id = c.app_id
        and s.account_id = c.account_id
    where c.confirmed_on <= $as_of
        and (c.sku_id is null or c.sku_id = s.sku_id)
    group by s.app_id, s.account_id, s.sku_id
),

-- After a downgrade the seat stands under the target SKU; before the vendor follows, still under the old one.
newest_downgrades as (
    select
        s.app_id,
        s.account_id,
        s.sku_id,
        max(d.executed_on) as downgraded_on
    from core.executed_actions as d
    inner join core.seats as s
        on s.app_id = d.app_id
        and s.account_id = d.account_id
    where d.action = 'downgrade'
        and d.executed_on <= $as_of
        and (d.sku_id is null or d.sku_id = s.sku_id or d.target_sku_id = s.sku_id)
    group by s.app_id, s.account_id, s.sku_id
),

seats_spoken_for as (
    select app_id, account_id, sku_id from holds_in_force
    union
    select app_id, account_id, sku_id from exceptions_in_force
    union
    select app_id, account_id, sku_id from newest_self_confirmations
    union
    select app_id, account_id, sku_id from newest_downgrades
),

final as (
    select
        s.app_id,
        s.account_id,
        s.sku_id,
        h.hold_from,
        h.hold_until,
        h.hold_reason_code,
        h.hold_ref,
        e.exception_from,
        e.exception_until,
        e.exception_reason_code,
        e.exception_ref,
        c.confirmed_on,
        d.downgraded_on
    from seats_spoken_for as s
    left join holds_in_force as h
        on h.app_id = s.app_id and h.account_id = s.account_id and h.sku_id = s.sku_id
    left join exceptions_in_force as e
        on e.app_id = s.app_id and e.account_id = s.account_id and e.sku_id = s.sku_id
    left join newest_self_confirmations as c
        on c.app_id = s.app_id and c.account_id = s.account_id and c.sku_id = s.sku_id
    left join newest_downgrades as d
        on d.app_id = s.app_id and d.account_id = s.account_id and d.sku_id = s.sku_id
)

select
    app_id,
    account_id,
    sku_id,
    hold_from,
    hold_until,
    hold_reason_code,
    hold_ref,
    exception_from,
    exception_until,
    exception_reason_code,
    exception_ref,
    confirmed_on,
    downgraded_on
from final
