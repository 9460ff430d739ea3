-- One row per seat that people have said something about: holds, exceptions, self-confirmations and the newest
-- executed downgrade. Each names an account of an app and optionally one SKU; without one it means all its seats.
with said_of_accounts as (
    select
        'hold' as said,
        app_id,
        account_id,
        sku_id,
        cast(null as text) as other_sku_id,
        effective_from as said_from,
        expires_on as said_until,
        reason_code,
        source_line
    from core.holds
    where effective_from <= $as_of
        and $as_of < expires_on
    union all
    select
        'exception' as said,
        app_id,
        account_id,
        sku_id,
        cast(null as text) as other_sku_id,
        effective_from as said_from,
        expires_on as said_until,
        reason_code,
        source_line
    from core.exceptions
    where effective_from <= $as_of
        and $as_of < expires_on
    union all
    select
        'confirmation' as said,
        app_id,
        account_id,
        sku_id,
        cast(null as text) as other_sku_id,
        confirmed_on as said_from,
        cast(null as date) as said_until,
        cast(null as text) as reason_code,
        source_line
    from core.self_confirmations
    where confirmed_on <= $as_of
    union all
    -- After a downgrade the seat stands under the target SKU; before the vendor follows, still under the old one.
    select
        'downgrade' as said,
        app_id,
        account_id,
        sku_id,
        target_sku_id as other_sku_id,
        executed_on as said_from,
        cast(null as date) as said_until,
        cast(null as text) as reason_code,
        source_line
    from core.executed_actions
    where action = 'downgrade'
        and executed_on <= $as_of
),

-- The seats are asked once for all that was said.
said_of_seats as (
    select
        s.app_id,
        s.account_id,
        s.sku_id,
        a.said,
        a.said_from,
        a.said_until,
        a.reason_code,
        a.source_line
    from core.seats as s
    inner join said_of_accounts as a
        on a.app_id = s.app_id
        and a.account_id = s.account_id
    where a.sku_id is null
        or a.sku_id = s.sku_id
        or a.other_sku_id = s.sku_id
),

-- Of several holds, and of several exceptions, the longest-lasting gives the reason.
final as (
    select
        app_id,
        account_id,
        sku_id,
        first_value(said_from order by said_until desc, said_from, source_line)
            filter (where said = 'hold') as hold_from,
        max(said_until) filter (where said = 'hold') as hold_until,
        first_value(reason_code order by said_until desc, said_from, source_line)
            filter (where said = 'hold') as hold_reason_code,
        first_value(source_line order by said_until desc, said_from, source_line)
            filter (where said = 'hold') as hold_ref,
        first_value(said_from order by said_until desc, said_from, source_line)
            filter (where said = 'exception') as exception_from,
        max(said_until) filter (where said = 'exception') as exception_until,
        first_value(reason_code order by said_until desc, said_from, source_line)
            filter (where said = 'exception') as exception_reason_code,
        first_value(source_line order by said_until desc, said_from, source_line)
            filter (where said = 'exception') as exception_ref,
        max(said_from) filter (where said = 'confirmation') as confirmed_on,
        max(said_from) filter (where said = 'downgrade') as downgraded_on
    from said_of_seats
    group by app_id, account_id, sku_id
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
