-- One row per Okta app user in force that stands for a seat: assigned, not merely imported, matched or taken away.
with final as (
    select
        source, stream, okta_app_id, account_id, sku_id as source_sku_id,
        cast(created_at as date) as assigned_on,
        case
            when scope = 'GROUP' then 'group:' || coalesce(group_name, group_id, 'unknown')
            else 'direct'
        end as assigned_via,
        case when scope = 'GROUP' then group_id end as group_id,
        landing
    from raw.okta_app_users
    where upper(coalesce(status, '')) not in ('DEPROVISIONED', 'UNASSIGNED', 'REVOKED', 'IMPORTED', 'MATCHED')
)

select source, stream, okta_app_id, account_id, source_sku_id, assigned_on, assigned_via, group_id, landing
from final
