-- One row per account that a vendor's report or user list ever named, with the newest activity shown; where the vendor
-- tells of each product apart, one per account and product. Goes on from an earlier run. Rows with concealed names name
-- nobody and give no signal, so they are left out; audit.landings tells of them. A list that knows no activity, as that
-- of GitHub's licences, is not here: it cannot tell. An activity after the as-of date waits in a row of its own until
-- its day has come.
with listings as (
    select
        source, stream, account_id as account_ref, extract_date as content_on, extract_date, landing,
        cast(last_successful_sign_in_at as date) as last_activity_on
    from fresh.microsoft365_users
    union all
    select
        source, stream, user_principal_name as account_ref, coalesce(report_refresh_on, extract_date) as content_on,
        extract_date, landing,
        greatest(
            exchange_last_activity_on, onedrive_last_activity_on, sharepoint_last_activity_on,
            skype_last_activity_on, yammer_last_activity_on, teams_last_activity_on
        ) as last_activity_on
    from fresh.microsoft365_office365_active_user_detail
    where not coalesce(is_concealed, false)
    union all
    select
        source, stream, user_principal_name as account_ref, coalesce(report_refresh_on, extract_date) as content_on,
        extract_date, landing, last_activity_on
    from fresh.microsoft365_m365_app_user_detail
    where not coalesce(is_concealed, false)
    union all
    select
        source, stream, coalesce(user_id, user_principal_name) as account_ref,
        coalesce(report_refresh_on, extract_date) as content_on, extract_date, landing, last_activity_on
    from fresh.microsoft365_teams_user_activity_user_detail
    where not coalesce(is_concealed, false)
    union all
    select
        source, stream, user_principal_name as account_ref, coalesce(report_refresh_on, extract_date) as content_on,
        extract_date, landing, last_activity_on
    from fresh.microsoft365_email_activity_user_detail
    where not coalesce(is_concealed, false)
    union all
    select
        source, stream, account_id as account_ref, extract_date as content_on, extract_date, landing,
        cast(last_login_at as date) as last_activity_on
    from fresh.salesforce_users
    union all
    -- the last authentication is not activity: an editor renews its token by itself
    select
        source, stream, account_id as account_ref, extract_date as content_on, extract_date, landing,
        cast(last_activity_at as date) as last_activity_on
    from fresh.github_copilot_seats
    union all
    select
        source, stream, account_id as account_ref, extract_date as content_on, extract_date, landing,
        cast(last_active_at as date) as last_activity_on
    from fresh.slack_users
    union all
    select
        source, stream, account_id as account_ref, extract_date as content_on, extract_date, landing,
        cast(last_login_at as date) as last_activity_on
    from fresh.zoom_users
    union all
    select
        source, stream, coalesce(account_id, user_name, email) as account_ref, extract_date as content_on,
        extract_date, landing, last_activity_on
    from fresh.mapped_seats
),

-- the use of one product says nothing of another
listings_of_products as (
    select
        source, stream, account_id as account_ref, sku_id as source_sku_key, extract_date as content_on, extract_date,
        landing, last_activity_on
    from fresh.atlassian_managed_accounts
    where sku_id is not null
),

all_listings as (
    select
        source, stream, account_ref, '' as source_sku_key, content_on, extract_date, landing, last_activity_on
    from listings
    where account_ref is not null
    union all
    select source, stream, account_ref, source_sku_key, content_on, extract_date, landing, last_activity_on
    from listings_of_products
),

told_of_accounts as (
    select
        source, stream, account_ref, source_sku_key, date '1970-01-01' as known_on, content_on as first_listed_on,
        extract_date as last_listed_on, landing as last_landing,
        coalesce(last_activity_on <= $as_of, false) as is_activity_shown,
        case when last_activity_on <= $as_of then last_activity_on end as last_activity_on, landing
    from all_listings
    union all
    select
        source, stream, account_ref, source_sku_key, last_activity_on as known_on, content_on as first_listed_on,
        extract_date as last_listed_on, landing as last_landing, true as is_activity_shown, last_activity_on, landing
    from all_listings
    where last_activity_on > $as_of
    union all
    select
        source, stream, account_ref, source_sku_key,
        case when known_on > $as_of then known_on else date '1970-01-01' end as known_on, first_listed_on,
        last_listed_on, last_landing, is_activity_shown, last_activity_on, landing
    from before.staging_vendor_activity
),

-- day and landing in one number, since a plain maximum is cheap; its last digit is the flag
newest_of_accounts as (
    select
        source, stream, account_ref, source_sku_key, known_on, min(first_listed_on) as first_listed_on,
        max(
            ((last_listed_on - date '1970-01-01') * 1000000000 + last_landing) * 2
            + case when is_activity_shown then 1 else 0 end
        ) as newest_listing,
        max(last_activity_on) as last_activity_on,
        max(coalesce(last_activity_on - date '1970-01-01', 0) * 1000000000 + landing) as newest_activity
    from told_of_accounts
    group by source, stream, account_ref, source_sku_key, known_on
),

final as (
    select
        source, stream, account_ref, source_sku_key, known_on, first_listed_on,
        date '1970-01-01' + cast(newest_listing / 2000000000 as int) as last_listed_on,
        newest_listing / 2 % 1000000000 as last_landing, newest_listing % 2 = 1 as is_activity_shown,
        last_activity_on, newest_activity % 1000000000 as landing
    from newest_of_accounts
)

select
    source, stream, account_ref, source_sku_key, known_on, first_listed_on, last_listed_on, last_landing,
    is_activity_shown, last_activity_on, landing
from final
