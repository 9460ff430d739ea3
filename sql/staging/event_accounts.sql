-- One row per name by which a vendor's event feed ever called an account, with the newest use. Goes on from an earlier
-- run. A use after the as-of date waits in a row of its own until its day has come.
with events as (
    select
        source, stream, coalesce(account_id, email) as account_ref,
        case
            when
                is_active or messages_posted_count > 0 or channel_messages_posted_count > 0 or reactions_added_count > 0
                or files_added_count > 0 or total_calls_count > 0 or slack_huddles_count > 0 or search_count > 0
                then activity_on
        end as used_on,
        landing
    from fresh.slack_member_analytics
    union all
    -- failures are recorded too, with a text of their own
    select
        source, stream, account_id as account_ref,
        case when lower(status) = 'success' then cast(login_at as date) end as used_on, landing
    from fresh.salesforce_login_history
    union all
    select
        source, stream, coalesce(account_id, email) as account_ref,
        case when coalesce(uses, 1) > 0 then used_on end as used_on, landing
    from fresh.mapped_activity
),

told_of_accounts as (
    select
        source, stream, account_ref, date '1970-01-01' as known_on,
        case when used_on <= $as_of then used_on end as last_used_on,
        case when used_on <= $as_of then landing end as landing
    from events
    where account_ref is not null
    union all
    select source, stream, account_ref, used_on as known_on, used_on as last_used_on, landing
    from events
    where account_ref is not null and used_on > $as_of
    union all
    select
        source, stream, account_ref, case when known_on > $as_of then known_on else date '1970-01-01' end as known_on,
        last_used_on, landing
    from before.staging_event_accounts
),

final as (
    select source, stream, account_ref, known_on, max(last_used_on) as last_used_on, max(landing) as landing
    from told_of_accounts
    group by source, stream, account_ref, known_on
)

select source, stream, account_ref, known_on, last_used_on, landing
from final
