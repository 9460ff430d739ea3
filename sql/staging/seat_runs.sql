-- One row per unbroken run of complete landings in which an assignment feed showed a seat: when a seat that stands
-- began, who ever held one, which SKUs were ever named. Goes on from an earlier run: a seat that the first new landing
-- shows again lengthens its run, whatever else the new landings show begins another.
with complete_landings as (
    select
        source, stream, landing, extract_date,
        cast(row_number() over (partition by source, stream order by extract_date, landing) as bigint) as ordinal
    from audit.landings
    where feed = 'full' and coverage = 'complete'
),

-- the same seats as staging.vendor_seats and staging.okta_seats
sightings as (
    -- a licence held directly and through a group is two rows: one sighting
    select distinct source, stream, '' as okta_app_id, account_id, sku_id as source_sku_key, landing
    from fresh.microsoft365_users
    where sku_id is not null
    union all
    select source, stream, '' as okta_app_id, account_id, user_license_id as source_sku_key, landing
    from fresh.salesforce_users
    where is_active and user_license_id is not null
    union all
    -- one row per granting team: one sighting
    select distinct
        source, stream, '' as okta_app_id, account_id, coalesce(nullif(plan_type, 'unknown'), '') as source_sku_key,
        landing
    from fresh.github_copilot_seats
    where pending_cancellation_on is null or pending_cancellation_on > extract_date
    union all
    select
        source, stream, '' as okta_app_id, account_id, coalesce(lower(trim(license_type)), '') as source_sku_key,
        landing
    from fresh.github_consumed_licenses
    where coalesce(is_license_active, true)
    union all
    select
        source, stream, '' as okta_app_id, account_id,
        case
            when is_ultra_restricted then 'guest_single'
            when is_restricted then 'guest_multi'
            else 'member'
        end as source_sku_key,
        landing
    from fresh.slack_users
    where not coalesce(is_deleted, false) and not coalesce(is_bot, false)
    union all
    select source, stream, '' as okta_app_id, account_id, coalesce(license_type, '') as source_sku_key, landing
    from fresh.zoom_users
    where lower(coalesce(status, 'active')) = 'active' and coalesce(license_type, '') not in ('4', '99')
    union all
    -- one row per site: one sighting
    select distinct source, stream, '' as okta_app_id, account_id, sku_id as source_sku_key, landing
    from fresh.atlassian_managed_accounts
    where sku_id is not null and lower(coalesce(account_status, 'active')) = 'active' and coalesce(is_billable, true)
    union all
    select source, stream, '' as okta_app_id, account_id, coalesce(sku_id, '') as source_sku_key, landing
    from fresh.mapped_seats
    where
        lower(coalesce(status, '')) not in (
            'deprovisioned', 'unassigned', 'revoked', 'imported', 'matched', 'deactivated', 'deleted', 'removed'
        )
    union all
    select source, stream, okta_app_id, account_id, coalesce(sku_id, '') as source_sku_key, landing
    from fresh.okta_app_users
    where upper(coalesce(status, '')) not in ('DEPROVISIONED', 'UNASSIGNED', 'REVOKED', 'IMPORTED', 'MATCHED')
),

places_of_sightings as (
    select
        seen.source, seen.stream, seen.okta_app_id, seen.account_id, seen.source_sku_key, complete.ordinal,
        complete.extract_date
    from sightings as seen
    inner join complete_landings as complete
        on seen.source = complete.source and seen.stream = complete.stream and seen.landing = complete.landing
),

spans_of_seats as (
    select
        source, stream, okta_app_id, account_id, source_sku_key, min(ordinal) as first_ordinal,
        max(ordinal) as last_ordinal, min(extract_date) as first_seen_on, count(*) as sighting_count
    from places_of_sightings
    group by source, stream, okta_app_id, account_id, source_sku_key
),

-- few seats come and go within the new landings: only theirs are put in order
places_of_seats_that_come_and_go as (
    select
        place.source, place.stream, place.okta_app_id, place.account_id, place.source_sku_key, place.ordinal,
        place.extract_date,
        -- landings in a row share this number
        place.ordinal - cast(
            dense_rank() over (
                partition by place.source, place.stream, place.okta_app_id, place.account_id, place.source_sku_key
                order by place.ordinal
            ) as bigint
        ) as run_number
    from places_of_sightings as place
    inner join spans_of_seats as span
        on
            place.source = span.source and place.stream = span.stream and place.okta_app_id = span.okta_app_id
            and place.account_id = span.account_id and place.source_sku_key = span.source_sku_key
            and span.last_ordinal - span.first_ordinal + 1 <> span.sighting_count
),

new_runs as (
    select source, stream, okta_app_id, account_id, source_sku_key, first_ordinal, last_ordinal, first_seen_on
    from spans_of_seats
    where last_ordinal - first_ordinal + 1 = sighting_count
    union all
    select
        source, stream, okta_app_id, account_id, source_sku_key, min(ordinal) as first_ordinal,
        max(ordinal) as last_ordinal, min(extract_date) as first_seen_on
    from places_of_seats_that_come_and_go
    group by source, stream, okta_app_id, account_id, source_sku_key, run_number
),

final as (
    select
        coalesce(earlier.source, new.source) as source, coalesce(earlier.stream, new.stream) as stream,
        coalesce(earlier.okta_app_id, new.okta_app_id) as okta_app_id,
        coalesce(earlier.account_id, new.account_id) as account_id,
        coalesce(earlier.source_sku_key, new.source_sku_key) as source_sku_key,
        coalesce(earlier.first_ordinal, new.first_ordinal) as first_ordinal,
        coalesce(new.last_ordinal, earlier.last_ordinal) as last_ordinal,
        coalesce(earlier.first_seen_on, new.first_seen_on) as first_seen_on
    from before.staging_seat_runs as earlier
    full outer join new_runs as new
        on
            earlier.source = new.source and earlier.stream = new.stream and earlier.okta_app_id = new.okta_app_id
            and earlier.account_id = new.account_id and earlier.source_sku_key = new.source_sku_key
            and earlier.last_ordinal + 1 = new.first_ordinal
)

select source, stream, okta_app_id, account_id, source_sku_key, first_ordinal, last_ordinal, first_seen_on
from final
