-- A row is a stream of a source: is it good enough to decide on, what its newest landing brought, and who rests on it.
with landings_per_stream as (
    select source, stream, count(*) as landing_count
    from audit.landings
    group by source, stream
),

apps_resting_on_each_stream as (
    select
        source,
        stream,
        string_agg(distinct app_id, '|' order by app_id) as used_by_apps,
        count(distinct app_id) as used_by_app_count
    from core.app_sources
    group by source, stream
),

holes_per_stream as (
    select source, stream, count(*) as hole_count, max(hole_to) as newest_hole_to
    from core.source_holes
    -- the days before the first collected one are first_collected_on, not a fault
    where hole_kind <> 'before_first'
    group by source, stream
),

warning_limits as (
    select source, stream, min(freshness_warn_days) as freshness_warn_days
    from config.streams
    group by source, stream
),

final as (
    select
        s.source,
        s.stream,
        s.kind,
        s.role,
        s.feed,
        case
            when not s.has_landed or s.is_stale or s.is_partial or s.is_concealed then 'error'
            when s.age_days > w.freshness_warn_days or h.hole_count > 0 then 'warn'
            else 'ok'
        end as status,
        case
            when not s.has_landed then 'never_landed'
            when s.is_stale then 'stale'
            when s.is_partial then 'partial'
            when s.is_concealed then 'concealed_names'
            when s.age_days > w.freshness_warn_days then 'late'
            when h.hole_count > 0 then 'hole'
        end as problem,
        s.is_configured,
        s.has_landed,
        s.newest_landing,
        s.newest_extract_date,
        s.complete_through,
        s.age_days,
        w.freshness_warn_days,
        s.freshness_error_days,
        s.first_collected_on,
        coalesce(n.landing_count, 0) as landing_count,
        l.fetched as fetched_count,
        l.accepted as accepted_count,
        l.duplicate as duplicate_count,
        l.filtered as filtered_count,
        l.quarantined as quarantined_count,
        l.input_files,
        coalesce(h.hole_count, 0) as hole_count,
        h.newest_hole_to,
        a.used_by_apps,
        coalesce(a.used_by_app_count, 0) as used_by_app_count
    from core.source_status as s
    left join audit.landings as l
        on l.source = s.source and l.stream = s.stream and l.landing = s.newest_landing
    left join landings_per_stream as n on n.source = s.source and n.stream = s.stream
    left join warning_limits as w on w.source = s.source and w.stream = s.stream
    left join holes_per_stream as h on h.source = s.source and h.stream = s.stream
    left join apps_resting_on_each_stream as a on a.source = s.source and a.stream = s.stream
)

select
    source, stream, kind, role, feed, status, problem, is_configured, has_landed, newest_landing,
    newest_extract_date, complete_through, age_days, freshness_warn_days, freshness_error_days, first_collected_on,
    landing_count, fetched_count, accepted_count, duplicate_count, filtered_count, quarantined_count, input_files,
    hole_count, newest_hole_to, used_by_apps, used_by_app_count
from final
