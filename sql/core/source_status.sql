-- One row per stream that is configured, needed or has landed: how far it is complete and whether it can be trusted.
-- Ages are whole days between the last complete day and the as-of date; stale is strictly older than the limit.
with known_streams as (
    select source, stream from config.streams
    union
    select source, stream from audit.landings
    union
    select source, stream from core.app_sources
),

full_feeds_in_force as (
    select
        source, stream,
        first_value(landing order by extract_date desc, landing desc) as newest_landing,
        max(extract_date) as newest_extract_date,
        first_value(complete_through order by extract_date desc, landing desc) as complete_through,
        first_value(has_concealed order by extract_date desc, landing desc) as is_concealed,
        min(complete_through) as first_collected_on
    from audit.landings
    where feed = 'full' and coverage = 'complete'
    group by source, stream
),

event_feeds as (
    select
        source, stream,
        first_value(landing order by extract_date desc, landing desc) as newest_landing,
        max(extract_date) as newest_extract_date,
        first_value(coalesce(complete_through, extract_date) order by extract_date desc, landing desc)
            as complete_through,
        first_value(coalesce(covers_from, extract_date) order by extract_date desc, landing desc) as covers_from,
        first_value(coverage order by extract_date desc, landing desc) as coverage,
        first_value(has_concealed order by extract_date desc, landing desc) as is_concealed,
        min(coalesce(covers_from, extract_date)) as first_collected_on,
        sum(case when coverage = 'complete' then 1 else 0 end) as complete_count
    from audit.landings
    where feed = 'events'
    group by source, stream
),

event_feeds_short_of_pages as (
    select
        feed.source, feed.stream,
        -- the last day before the pages that the newest landing lacks
        min(case when hole.hole_to > feed.covers_from then hole.hole_from end) - 1 as last_day_before
    from event_feeds as feed
    inner join core.source_holes as hole
        on feed.source = hole.source and feed.stream = hole.stream and hole.hole_kind = 'partial'
    group by feed.source, feed.stream
),

any_landings as (
    select source, stream, max(kind) as kind, max(feed) as feed, max(extract_date) as extract_date
    from audit.landings
    group by source, stream
),

facts as (
    select
        known.source, known.stream, configured.role, coalesce(configured.kind, landed.kind) as kind,
        coalesce(configured.feed, landed.feed) as feed,
        coalesce(whole.newest_landing, event.newest_landing) as newest_landing,
        coalesce(whole.newest_extract_date, event.newest_extract_date) as newest_extract_date,
        case
            when whole.source is not null then whole.complete_through
            -- a feed without one complete landing is complete through no day
            when event.complete_count = 0 then null
            when event.coverage = 'partial' then coalesce(short.last_day_before, event.complete_through)
            else event.complete_through
        end as complete_through,
        -- a stream nobody configured gets the limit of the assignment feeds
        coalesce(configured.freshness_error_days, 2) as freshness_error_days,
        configured.source is not null as is_configured, landed.source is not null as has_landed,
        case
            when landed.source is null then false
            when landed.feed = 'full' then whole.source is null
            -- pages missing from single landings are holes, which count inside a window only
            else event.complete_count = 0
        end as is_partial,
        coalesce(whole.is_concealed, event.is_concealed, false) as is_concealed,
        coalesce(whole.first_collected_on, event.first_collected_on) as first_collected_on,
        landed.extract_date as landed_on
    from known_streams as known
    left join config.streams as configured
        on known.source = configured.source and known.stream = configured.stream
    left join any_landings as landed on known.source = landed.source and known.stream = landed.stream
    left join full_feeds_in_force as whole on known.source = whole.source and known.stream = whole.stream
    left join event_feeds as event on known.source = event.source and known.stream = event.stream
    left join event_feeds_short_of_pages as short on known.source = short.source and known.stream = short.stream
),

final as (
    select
        source, stream, role, kind, feed, newest_landing, newest_extract_date, complete_through,
        $as_of - complete_through as age_days, freshness_error_days, is_configured, has_landed,
        not has_landed or $as_of - coalesce(complete_through, landed_on) > freshness_error_days as is_stale,
        is_partial, is_concealed, first_collected_on
    from facts
)

select
    source, stream, role, kind, feed, newest_landing, newest_extract_date, complete_through, age_days,
    freshness_error_days, is_configured, has_landed, is_stale, is_partial, is_concealed, first_collected_on
from final
