-- One row per account a vendor's report or user list named in one complete landing, with the last activity shown there.
-- Rows with concealed names name nobody and give no signal, so they are left out; audit.landings tells of them.
with listings as (
    select
        source, stream, account_id as account_ref, extract_date as content_on, extract_date, landing,
        cast(last_successful_sign_in_at as date) as last_activity_on
    from history.microsoft365_users
    union all
    select
        source, stream, user_principal_name as account_ref, coalesce(report_refresh_on, extract_date) as content_on,
        extract_date, landing,
        greatest(
            exchange_last_activity_on, onedrive_last_activity_on, sharepoint_last_activity_on,
            skype_last_activity_on, yammer_last_activity_on, teams_last_activity_on
        ) as last_activity_on
    from history.microsoft365_office365_active_user_detail
    where not coalesce(is_concealed, false)
    union all
    select
        source, stream, user_principal_name as account_ref, coalesce(report_refresh_on, extract_date) as content_on,
        extract_date, landing, last_activity_on
    from history.microsoft365_m365_app_user_detail
    where not coalesce(is_concealed, false)
    union all
    select
        source, stream, coalesce(user_id, user_principal_name) as account_ref,
        coalesce(report_refresh_on, extract_date) as content_on, extract_date, landing, last_activity_on
    from history.microsoft365_teams_user_activity_user_detail
    where not coalesce(is_concealed, false)
    union all
    select
        source, stream, user_principal_name as account_ref, coalesce(report_refresh_on, extract_date) as content_on,
        extract_date, landing, last_activity_on
    from history.microsoft365_email_activity_user_detail
    where not coalesce(is_concealed, false)
    union all
    select
        source, stream, account_id as account_ref, extract_date as content_on, extract_date, landing,
        cast(last_login_at as date) as last_activity_on
    from history.salesforce_users
    union all
    -- the last authentication is not activity: an editor renews its token by itself
    select
        source, stream, account_id as account_ref, extract_date as content_on, extract_date, landing,
        cast(last_activity_at as date) as last_activity_on
    from history.github_copilot_seats
    union all
    select
        source, stream, account_id as account_ref, extract_date as content_on, extract_date, landing,
        cast(last_active_at as date) as last_activity_on
    from history.slack_users
    union all
    select
        source, stream, account_id as account_ref, extract_date as content_on, extract_date, landing,
        cast(last_login_at as date) as last_activity_on
    from history.zoom_users
    union all
    select
        source, stream, coalesce(account_id, user_name, email) as account_ref, extract_date as content_on,
        extract_date, landing, last_activity_on
    from history.mapped_seats
),

final as (
    select
        source, stream, account_ref, landing, max(content_on) as content_on, max(extract_date) as extract_date,
        max(last_activity_on) as last_activity_on
    from listings
    where account_ref is not null
    group by source, stream, account_ref, landing
)

select source, stream, account_ref, content_on, extract_date, landing, last_activity_on
from final
