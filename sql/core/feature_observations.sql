-- One row per account and feature feed: what the feed says of the account's last use, and how far back it can say so.
-- A list or report speaks for the accounts it names; an event feed speaks for every account of the application.
with newest_landings as (
    select source, stream, newest_landing, complete_through, first_collected_on, feed
    from core.source_status
    where has_landed
),

-- what a list tells of one product is of the application whose tiers name that product
apps_of_products as (
    select distinct feed.app_id, feed.source, feed.stream, product.source_sku_id as source_sku_key
    from seeds.app_feature_sources as feed
    inner join core.sku_aliases as product on feed.app_id = product.app_id
),

accounts_of_listings as (
    select
        named.app_id, named.account_id, shown.source, shown.stream,
        bool_or(shown.last_landing = newest.newest_landing) as is_listed,
        bool_or(shown.last_landing = newest.newest_landing and shown.is_activity_shown) as is_activity_shown,
        max(shown.last_activity_on) as last_activity_on, min(shown.first_listed_on) as first_listed_on,
        -- the landing to show: the newest with the newest date, else the newest that names the account; day and
        -- landing in one number, since a plain maximum is cheap
        max(coalesce(shown.last_activity_on - date '1970-01-01', 0) * 1000000000 + shown.landing)
        % 1000000000 as landing
    from staging.vendor_activity as shown
    inner join core.activity_accounts as named
        on
            shown.source = named.source and shown.stream = named.stream and shown.account_ref = named.account_ref
    inner join newest_landings as newest on shown.source = newest.source and shown.stream = newest.stream
    left join apps_of_products as product
        on
            named.app_id = product.app_id and shown.source = product.source and shown.stream = product.stream
            and shown.source_sku_key = product.source_sku_key
    where
        -- what lies after the as-of date is not known yet
        shown.known_on <= $as_of
        and (shown.source_sku_key = '' or product.app_id is not null)
    group by named.app_id, named.account_id, shown.source, shown.stream
),

observed_in_listings as (
    select
        seen.app_id, seen.account_id, seen.source, seen.stream, seen.is_listed, seen.last_activity_on,
        newest.complete_through as content_on, app.feature_horizon_days as horizon_days,
        case
            when app.feature_horizon_days is null then date '1970-01-01'
            else seen.first_listed_on - app.feature_horizon_days
        end as reaches_back_on,
        case
            when seen.is_listed and not seen.is_activity_shown
                then newest.complete_through - app.feature_horizon_days
        end as bound_on,
        seen.landing
    from accounts_of_listings as seen
    inner join core.apps as app on seen.app_id = app.app_id
    inner join newest_landings as newest on seen.source = newest.source and seen.stream = newest.stream
),

accounts_of_event_feeds as (
    select account.system as app_id, account.account_id, feed.source, feed.stream
    from core.accounts as account
    inner join seeds.app_feature_sources as feed on account.system = feed.app_id
    inner join newest_landings as newest
        on feed.source = newest.source and feed.stream = newest.stream and newest.feed = 'events'
),

last_events as (
    select
        named.app_id, named.account_id, used.source, used.stream, max(used.last_used_on) as last_activity_on,
        max(used.landing) as landing
    from staging.event_accounts as used
    inner join core.activity_accounts as named
        on used.source = named.source and used.stream = named.stream and used.account_ref = named.account_ref
    -- what lies after the as-of date is not known yet
    where used.known_on <= $as_of and used.last_used_on is not null
    group by named.app_id, named.account_id, used.source, used.stream
),

observed_in_event_feeds as (
    select
        covered.app_id, covered.account_id, covered.source, covered.stream, true as is_listed,
        last.last_activity_on, newest.complete_through as content_on, cast(null as bigint) as horizon_days,
        newest.first_collected_on as reaches_back_on, cast(null as date) as bound_on,
        coalesce(last.landing, newest.newest_landing) as landing
    from accounts_of_event_feeds as covered
    inner join newest_landings as newest on covered.source = newest.source and covered.stream = newest.stream
    left join last_events as last
        on
            covered.app_id = last.app_id and covered.account_id = last.account_id
            and covered.source = last.source and covered.stream = last.stream
),

final as (
    select
        app_id, account_id, source, stream, is_listed, last_activity_on, content_on, horizon_days, reaches_back_on,
        bound_on, landing
    from observed_in_listings
    union all
    select
        app_id, account_id, source, stream, is_listed, last_activity_on, content_on, horizon_days, reaches_back_on,
        bound_on, landing
    from observed_in_event_feeds
)

select
    app_id, account_id, source, stream, is_listed, last_activity_on, content_on, horizon_days, reaches_back_on,
    bound_on, landing
from final
