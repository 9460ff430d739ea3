-- One row per account, feature and day of use that some window may still ask for: vendors' events and daily counters,
-- and the counted columns of reports. Goes on from an earlier run. Events add up. A report repeats a period in every
-- landing, so its largest count stands, of a day and of a window: a day is left out when a later one that lies in
-- every window, too, counts as much. A count of 0 is no use.
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
    from fresh.microsoft365_office365_active_user_detail as r
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
    from fresh.microsoft365_m365_app_user_detail as r
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
    from fresh.microsoft365_teams_user_activity_user_detail as r
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
    from fresh.microsoft365_email_activity_user_detail as r
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
    from fresh.slack_member_analytics as r
    cross join (
        values
        ('active'), ('messages_posted'), ('channel_messages_posted'), ('reactions_added'), ('files_added'), ('calls'),
        ('huddles'), ('searches')
    ) as f (feature)
),

counts_of_reports as (
    select source, stream, account_ref, feature, used_on, uses, landing
    from service_days_of_the_office365_report
    union all
    select source, stream, account_ref, feature, used_on, uses, landing from flags_of_the_m365_app_report
    union all
    select source, stream, account_ref, feature, used_on, uses, landing from counts_of_the_teams_report
    union all
    select source, stream, account_ref, feature, used_on, uses, landing from counts_of_the_email_report
),

-- an event is landed once, however often it is extracted
counts_of_events as (
    select source, stream, account_ref, feature, used_on, uses, landing from daily_counters_of_slack_members
    union all
    -- failures are recorded too, with a text of their own
    select
        source, stream, account_id as account_ref, 'login' as feature, cast(login_at as date) as used_on,
        cast(1 as bigint) as uses, landing
    from fresh.salesforce_login_history
    where lower(status) = 'success'
    union all
    select
        source, stream, coalesce(account_id, email) as account_ref, coalesce(feature, 'activity') as feature, used_on,
        coalesce(uses, 1) as uses, landing
    from fresh.mapped_activity
),

counts as (
    select source, stream, account_ref, feature, used_on, uses, landing, true as is_report
    from counts_of_reports
    where uses > 0 and account_ref is not null and used_on is not null
    union all
    select source, stream, account_ref, feature, used_on, uses, landing, false as is_report
    from counts_of_events
    where uses > 0 and account_ref is not null and used_on is not null
    union all
    select source, stream, account_ref, feature, used_on, uses, landing, is_report
    from before.staging_feature_events
),

days_the_feeds_reach as (
    select max(complete_through) as reaches_on
    from audit.landings
    where
        coverage = 'complete'
        and (
            (kind = 'microsoft365' and stream like '%user_detail')
            or (kind = 'slack' and stream = 'member_analytics')
            or (kind = 'salesforce' and stream = 'login_history')
            or (kind = 'mapped' and feed = 'events')
        )
    group by source, stream
),

-- no window ends before the day that all feeds reach, and none is longer than the longest of the policies
what_windows_ask_for as (
    select
        coalesce(min(reach.reaches_on), date '1970-01-01') as every_window_holds_on,
        coalesce(min(reach.reaches_on) - max(longest.feature_days), date '1970-01-01') as windows_begin_after
    from days_the_feeds_reach as reach
    cross join config.windows as longest
),

days_of_use as (
    select
        used.source, used.stream, used.account_ref, used.feature, used.used_on, used.is_report,
        case when used.is_report then max(used.uses) else sum(used.uses) end as uses,
        -- of a report the newest landing with the largest count: both in one number, since a plain maximum is cheap
        case
            when used.is_report then max(used.uses * 1000000000 + used.landing) % 1000000000
            else max(used.landing)
        end as landing,
        max(asked.every_window_holds_on) as every_window_holds_on
    -- the one row first: it is what a join holds
    from what_windows_ask_for as asked
    inner join counts as used on asked.windows_begin_after < used.used_on
    group by used.source, used.stream, used.account_ref, used.feature, used.used_on, used.is_report
),

days_beside_what_later_ones_count as (
    select
        source, stream, account_ref, feature, used_on, uses, landing,
        max(case when used_on <= every_window_holds_on then uses end) over (
            partition by source, stream, account_ref, feature
            order by used_on desc
            rows between unbounded preceding and 1 preceding
        ) as largest_later_uses
    from days_of_use
    where is_report
),

final as (
    select source, stream, account_ref, feature, used_on, uses, landing, true as is_report
    from days_beside_what_later_ones_count
    where largest_later_uses is null or uses > largest_later_uses
    union all
    select source, stream, account_ref, feature, used_on, uses, landing, false as is_report
    from days_of_use
    where not is_report
)

select source, stream, account_ref, feature, used_on, uses, landing, is_report
from final
