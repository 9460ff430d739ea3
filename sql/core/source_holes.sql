-- One row per run of days an event feed cannot speak for: never collected, declared lost, or short of pages.
-- Exchange rates are no evidence of use, so their feed has no holes.
with landings_of_event_feeds as (
    select
        source, stream, coverage, coalesce(covers_from, extract_date) as first_day,
        greatest(coalesce(covers_from, extract_date), coalesce(complete_through, extract_date)) as last_day
    from audit.landings
    where feed = 'events' and kind <> 'ecb'
),

collected_spans as (
    select source, stream, min(first_day) as first_day, max(last_day) as last_day
    from landings_of_event_feeds
    group by source, stream
),

days_told_of as (
    select
        source, stream, unnest(generate_series(first_day, last_day, interval '1 day')) as day_on,
        0 as is_declared, 0 as is_covered, 0 as is_partial
    from collected_spans
    union all
    select
        source, stream, unnest(generate_series(first_day, last_day, interval '1 day')) as day_on,
        0 as is_declared, 1 as is_covered, 0 as is_partial
    from landings_of_event_feeds
    where coverage = 'complete'
    union all
    select
        source, stream, unnest(generate_series(first_day, last_day, interval '1 day')) as day_on,
        0 as is_declared, 0 as is_covered, 1 as is_partial
    from landings_of_event_feeds
    where coverage = 'partial'
    union all
    -- of a declared hole only the days inside the collected span: those before it are a hole anyway
    select
        hole.source, hole.stream,
        unnest(
            generate_series(
                greatest(hole.hole_from, span.first_day), least(hole.hole_to - 1, span.last_day), interval '1 day'
            )
        ) as day_on,
        1 as is_declared, 0 as is_covered, 0 as is_partial
    from audit.coverage_holes as hole
    inner join collected_spans as span on hole.source = span.source and hole.stream = span.stream
    where hole.hole_from <= span.last_day and hole.hole_to > span.first_day
),

days_by_kind as (
    select
        source, stream, day_on,
        case
            when max(is_declared) = 1 then 'declared'
            when max(is_covered) = 1 then 'covered'
            when max(is_partial) = 1 then 'partial'
            else 'gap'
        end as hole_kind
    from days_told_of
    group by source, stream, day_on
),

days_of_runs as (
    select
        source, stream, hole_kind, day_on,
        -- days in a row share this day
        day_on - cast(row_number() over (partition by source, stream, hole_kind order by day_on) as bigint) as run_on
    from days_by_kind
    where hole_kind <> 'covered'
),

runs as (
    select source, stream, hole_kind, min(day_on) as hole_from, max(day_on) + 1 as hole_to
    from days_of_runs
    group by source, stream, hole_kind, run_on
),

final as (
    select source, stream, hole_from, hole_to, hole_kind from runs
    union all
    select source, stream, date '1970-01-01' as hole_from, first_day as hole_to, 'before_first' as hole_kind
    from collected_spans
)

select source, stream, hole_from, hole_to, hole_kind
from final
