-- One row per complete landing in which an account of a vendor's own seat list held a SKU: where an unbroken run of a
-- seat begins. The same seats as staging.vendor_seats, in every landing.
with sightings as (
    -- a licence held directly and through a group is two rows: one sighting
    select distinct source, stream, account_id, sku_id as source_sku_id, extract_date, landing
    from history.microsoft365_users
    where sku_id is not null
    union all
    select source, stream, account_id, user_license_id as source_sku_id, extract_date, landing
    from history.salesforce_users
    where is_active and user_license_id is not null
    union all
    -- one row per granting team: one sighting
    select distinct source, stream, account_id, nullif(plan_type, 'unknown') as source_sku_id, extract_date, landing
    from history.github_copilot_seats
    where pending_cancellation_on is null or pending_cancellation_on > extract_date
    union all
    select
        source, stream, account_id,
        case
            when is_ultra_restricted then 'guest_single'
            when is_restricted then 'guest_multi'
            else 'member'
        end as source_sku_id,
        extract_date, landing
    from history.slack_users
    where not coalesce(is_deleted, false) and not coalesce(is_bot, false)
    union all
    select source, stream, account_id, license_type as source_sku_id, extract_date, landing
    from history.zoom_users
    where lower(coalesce(status, 'active')) = 'active' and coalesce(license_type, '') not in ('4', '99')
    union all
    select source, stream, account_id, sku_id as source_sku_id, extract_date, landing
    from history.mapped_seats
    where
        lower(coalesce(status, '')) not in (
            'deprovisioned', 'unassigned', 'revoked', 'imported', 'matched', 'deactivated', 'deleted', 'removed'
        )
),

final as (
    select
        source, stream, account_id, coalesce(source_sku_id, '') as source_sku_key, source_sku_id, extract_date, landing
    from sightings
    where account_id is not null
)

select source, stream, account_id, source_sku_key, source_sku_id, extract_date, landing
from final
