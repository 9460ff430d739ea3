-- A row is a hold or exception that has begun and never stopped an action: nobody would have lost the seat without it.
with final as (
    select
        hold_id,
        kind,
        app_id,
        account_id,
        sku_id,
        effective_from,
        expires_on,
        state,
        reason_code,
        set_by_key,
        least($as_of, expires_on) - effective_from as days_in_force
    from review.holds
    where not was_ever_used
        and effective_from < $as_of
)

select
    hold_id, kind, app_id, account_id, sku_id, effective_from, expires_on, state, reason_code, set_by_key, days_in_force
from final
