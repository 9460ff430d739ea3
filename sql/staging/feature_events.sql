-- One row per account, feature and day of use: vendors' events, daily counters and the counted columns of reports.
-- Reports and counters repeat a period in every landing, so the largest count stands and is never added up; events are
-- added up after each was counted once. A count of 0 is no use.
with service_days_of_the_office365_report as (
    select
        r.source, r.stream, r.user_principal_name as account_ref, f.feature,
        case f.feature
            when 'exchange' then r.exchange_last_activity_on
            when 'onedrive' then r.onedrive_last_activity_on
            when 'sharepoint' then r.sharepoint_last_activity_on
            when 'skype' then r.skype_last_activity_on
            when 'yammer' then r.yammer_last_activity_on
            when 'teams' then r.teams_last_activity_on
        end as used_on,
        cast(1 as bigint) as uses, r.landing
    from history.microsoft365_office365_active_user_detail as r
    cross join (
        values ('exchange'), ('onedrive'), ('sharepoint'), ('skype'), ('yammer'), ('teams')
    ) as f (feature)
    where not coalesce(r.is_concealed, false)
),

flags_of_the_m365_app_report as (
    select
        r.source, r.stream, r.user_principal_name as account_ref, f.feature, r.last_activity_on as used_on,
        case
            when f.feature = 'outlook' and r.outlook then 1
            when f.feature = 'word' and r.word then 1
            when f.feature = 'excel' and r.excel then 1
            when f.feature = 'powerpoint' and r.powerpoint then 1
            when f.feature = 'onenote' and r.onenote then 1
            when f.feature = 'teams' and r.teams then 1
            when f.feature = 'desktop_apps' and (r.windows or r.mac) then 1
            when f.feature = 'mobile_apps' and r.mobile then 1
            when f.feature = 'web_apps' and r.web then 1
            else 0
        end as uses,
        r.landing
    from history.microsoft365_m365_app_user_detail as r
    cross join (
        values
        ('outlook'), ('word'), ('excel'), ('powerpoint'), ('onenote'), ('teams'), ('desktop_apps'), ('mobile_apps'),
        ('web_apps')
    ) as f (feature)
    where not coalesce(r.is_concealed, false)
),

counts_of_the_teams_report as (
    select
        r.source, r.stream, coalesce(r.user_id, r.user_principal_name) as account_ref, f.feature,
        r.last_activity_on as used_on,
        case f.feature
            when 'teams_chat_messages' then r.team_chat_message_count
            when 'teams_private_messages' then r.private_chat_message_count
            when 'teams_calls' then r.call_count
            when 'teams_meetings' then r.meeting_count
            when 'teams_meetings_organized' then r.meetings_organized_count
            when 'teams_meetings_attended' then r.meetings_attended_count
            when 'teams_other' then case when r.has_other_action then 1 else 0 end
        end as uses,
        r.landing
    from history.microsoft365_teams_user_activity_user_detail as r
    cross join (
        values
        ('teams_chat_messages'), ('teams_private_messages'), ('teams_calls'), ('teams_meetings'),
        ('teams_meetings_organized'), ('teams_meetings_attended'), ('teams_other')
    ) as f (feature)
    where not coalesce(r.is_concealed, false)
),

counts_of_the_email_report as (
    select
        r.source, r.stream, r.user_principal_name as account_ref, f.feature, r.last_activity_on as used_on,
        case f.feature
            when 'email_sent' then r.send_count
            when 'email_received' then r.receive_count
            when 'email_read' then r.read_count
        end as uses,
        r.landing
    from history.microsoft365_email_activity_user_detail as r
    cross join (values ('email_sent'), ('email_received'), ('email_read')) as f (feature)
    where not coalesce(r.is_concealed, false)
),

daily_counters_of_slack_members as (
    select
        r.source, r.stream, coalesce(r.account_id, r.email) as account_ref, f.feature, r.activity_on as used_on,
        case f.feature
            when 'active' then case when r.is_active then 1 else 0 end
            when 'messages_posted' then r.messages_posted_count
            when 'channel_messages_posted' then r.channel_messages_posted_count
            when 'reactions_added' then r.reactions_added_count
            when 'files_added' then r.files_added_count
            when 'calls' then r.total_calls_count
            when 'huddles' then r.slack_huddles_count
            when 'searches' then r.search_count
        end as uses,
        r.landing
    from raw.slack_member_analytics as r
    cross join (
        values
        ('active'), ('messages_posted'), ('channel_messages_posted'), ('reactions_added'), ('files_added'), ('calls'),
        ('huddles'), ('searches')
    ) as f (feature)
),

repeated_counts as (
    select source, stream, account_ref, feature, used_on, uses, landing
    from service_days_of_the_office365_report
    union all
    select source, stream, account_ref, feature, used_on, uses, landing from flags_of_the_m365_app_report
    union all
    select source, stream, account_ref, feature, used_on, uses, landing from counts_of_the_teams_report
    union all
    select source, stream, account_ref, feature, used_on, uses, landing from counts_of_the_email_report
    union all
    select source, stream, account_ref, feature, used_on, uses, landing from daily_counters_of_slack_members
),

largest_count_of_each_day as (
    select source, stream, account_ref, feature, used_on, max(uses) as uses, max(landing) as landing
    from repeated_counts
    where uses > 0 and account_ref is not null and used_on is not null
    group by source, stream, account_ref, feature, used_on
),

-- failures are recorded too, with a text of their own
successful_salesforce_logins as (
    select
        source, stream, account_id as account_ref, 'login' as feature, cast(login_at as date) as used_on,
        count(distinct event_id) as uses, max(landing) as landing
    from raw.salesforce_login_history
    where lower(status) = 'success' and account_id is not null and login_at is not null
    group by source, stream, account_id, cast(login_at as date)
),

mapped_events_by_newness as (
    select
        source, stream, coalesce(account_id, email) as account_ref, coalesce(feature, 'activity') as feature, used_on,
        coalesce(uses, 1) as uses, landing,
        row_number() over (
            partition by source, stream, event_id order by extract_date desc, landing desc, row_number desc
        ) as newness
    from raw.mapped_activity
),

mapped_events_counted_once as (
    select source, stream, account_ref, feature, used_on, sum(uses) as uses, max(landing) as landing
    from mapped_events_by_newness
    where newness = 1
    group by source, stream, account_ref, feature, used_on
),

final as (
    select source, stream, account_ref, feature, used_on, uses, landing from largest_count_of_each_day
    union all
    select source, stream, account_ref, feature, used_on, uses, landing from successful_salesforce_logins
    union all
    select source, stream, account_ref, feature, used_on, uses, landing from mapped_events_counted_once
    where uses > 0 and account_ref is not null and used_on is not null
)

select source, stream, account_ref, feature, used_on, uses, landing
from final
