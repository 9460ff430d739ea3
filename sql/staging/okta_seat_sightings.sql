-- One row per landing in which an Okta app user stood for a seat: where an unbroken run of a seat begins.
with final as (
    select source, stream, okta_app_id, account_id, sku_id as source_sku_id, extract_date, landing
    from history.okta_app_users
    where upper(coalesce(status, '')) not in ('DEPROVISIONED', 'UNASSIGNED', 'REVOKED', 'IMPORTED', 'MATCHED')
)

select source, stream, okta_app_id, account_id, source_sku_id, extract_date, landing
from final
