-- One row per licence grant in a vendor's own seat list in force at the as-of date: who holds which SKU, by which path.
-- Okta app users are seats of their own list: staging.okta_seats.
-- Known limit: Atlassian lists accounts of claimed domains only, so the seats of people from outside are missing here.
with licences_of_microsoft365_users as (
    select
        source, stream, account_id, sku_id as source_sku_id, cast(null as boolean) as is_sku_named,
        cast(null as date) as assigned_on,
        case when assigned_by_group is null then 'direct' else 'group:' || assigned_by_group end as assigned_via,
        cast(null as date) as ends_on, landing
    from raw.microsoft365_users
    where sku_id is not null
),

active_salesforce_users_with_a_licence as (
    select
        source, stream, account_id, user_license_id as source_sku_id, cast(null as boolean) as is_sku_named,
        -- the day a user record was made is not the day the licence was given: left unknown
        cast(null as date) as assigned_on,
        'direct' as assigned_via, cast(null as date) as ends_on, landing
    from raw.salesforce_users
    where is_active and user_license_id is not null
),

-- one assignee appears once per granting team and organisation
copilot_seats_by_granting_team as (
    select
        source, stream, account_id, nullif(plan_type, 'unknown') as source_sku_id,
        cast(null as boolean) as is_sku_named, cast(created_at as date) as assigned_on,
        case when assigning_team is null then 'direct' else 'team:' || assigning_team end as assigned_via,
        pending_cancellation_on as ends_on, landing
    from raw.github_copilot_seats
),

-- One person with several accounts is one row and one seat, and so is who was only invited. The case of a licence's
-- name varies. A metered plan also lists whose licence has ended.
github_enterprise_licences as (
    select
        source, stream, account_id, lower(trim(license_type)) as source_sku_id,
        cast(null as boolean) as is_sku_named, cast(null as date) as assigned_on, 'direct' as assigned_via,
        cast(null as date) as ends_on, landing
    from raw.github_consumed_licenses
    where coalesce(is_license_active, true)
),

slack_members as (
    select
        source, stream, account_id,
        case
            when is_ultra_restricted then 'guest_single'
            when is_restricted then 'guest_multi'
            else 'member'
        end as source_sku_id,
        -- Slack names no SKU for a full member: 'member' is our word, so an unlisted one is the default tier
        coalesce(is_restricted, false) or coalesce(is_ultra_restricted, false) as is_sku_named,
        cast(null as date) as assigned_on, 'direct' as assigned_via, cast(null as date) as ends_on, landing
    from raw.slack_users
    where not coalesce(is_deleted, false) and not coalesce(is_bot, false)
),

-- types 4 (unassigned) and 99 (none) hold no licence
zoom_users_with_a_licence as (
    select
        source, stream, account_id, license_type as source_sku_id, cast(null as boolean) as is_sku_named,
        cast(null as date) as assigned_on, 'direct' as assigned_via, cast(null as date) as ends_on, landing
    from raw.zoom_users
    where lower(coalesce(status, 'active')) = 'active' and coalesce(license_type, '') not in ('4', '99')
),

-- A product on several sites is one seat. Neither a closed account costs anything, nor one without billable access.
atlassian_products_with_billable_access as (
    select
        source, stream, account_id, sku_id as source_sku_id, cast(null as boolean) as is_sku_named,
        cast(null as date) as assigned_on, 'direct' as assigned_via, cast(null as date) as ends_on, landing
    from raw.atlassian_managed_accounts
    where sku_id is not null and lower(coalesce(account_status, 'active')) = 'active' and coalesce(is_billable, true)
),

mapped_seats_not_taken_away as (
    select
        source, stream, account_id, sku_id as source_sku_id, cast(null as boolean) as is_sku_named, assigned_on,
        case
            when assigned_via is null or lower(assigned_via) = 'direct' then 'direct'
            when strpos(assigned_via, ':') > 0 then assigned_via
            else 'group:' || assigned_via
        end as assigned_via,
        cast(null as date) as ends_on, landing
    from raw.mapped_seats
    where
        lower(coalesce(status, '')) not in (
            'deprovisioned', 'unassigned', 'revoked', 'imported', 'matched', 'deactivated', 'deleted', 'removed'
        )
),

grants as (
    select source, stream, account_id, source_sku_id, is_sku_named, assigned_on, assigned_via, ends_on, landing
    from licences_of_microsoft365_users
    union all
    select source, stream, account_id, source_sku_id, is_sku_named, assigned_on, assigned_via, ends_on, landing
    from active_salesforce_users_with_a_licence
    union all
    select source, stream, account_id, source_sku_id, is_sku_named, assigned_on, assigned_via, ends_on, landing
    from copilot_seats_by_granting_team
    union all
    select source, stream, account_id, source_sku_id, is_sku_named, assigned_on, assigned_via, ends_on, landing
    from github_enterprise_licences
    union all
    select source, stream, account_id, source_sku_id, is_sku_named, assigned_on, assigned_via, ends_on, landing
    from slack_members
    union all
    select source, stream, account_id, source_sku_id, is_sku_named, assigned_on, assigned_via, ends_on, landing
    from zoom_users_with_a_licence
    union all
    select source, stream, account_id, source_sku_id, is_sku_named, assigned_on, assigned_via, ends_on, landing
    from atlassian_products_with_billable_access
    union all
    select source, stream, account_id, source_sku_id, is_sku_named, assigned_on, assigned_via, ends_on, landing
    from mapped_seats_not_taken_away
),

final as (
    select
        source, stream, account_id, coalesce(source_sku_id, '') as source_sku_key, source_sku_id, assigned_via,
        bool_or(coalesce(is_sku_named, true) and source_sku_id is not null) as is_sku_named,
        min(assigned_on) as assigned_on,
        -- a path ends only when each of its rows does
        case when count(ends_on) = count(*) then max(ends_on) end as ends_on,
        max(landing) as landing
    from grants
    where account_id is not null
    group by source, stream, account_id, source_sku_id, assigned_via
)

select
    source, stream, account_id, source_sku_key, source_sku_id, is_sku_named, assigned_on, assigned_via, ends_on, landing
from final
