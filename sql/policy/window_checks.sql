-- One row per app and inactivity window in use (which signals count, how many days): how far they were observed, and
-- whether each source the verdict needs is good. Good = fresh, complete, names not concealed, no hole in the window.
-- Seats of one row share the answer; policy.source_checks repeats it per seat.
with windows_in_use as (
    select distinct
        app_id,
        counts_feature_use,
        counts_sign_in,
        inactive_after_days
    from policy.segment_policies
    where policy_version_id is not null
),

-- Idleness is measured to the last day that every counted, collected signal is complete through, at most the as-of
-- date: a late report makes everyone look less idle, never more.
windows_observed as (
    select
        w.app_id,
        w.counts_feature_use,
        w.counts_sign_in,
        w.inactive_after_days,
        coalesce(p.has_okta, false) as has_okta,
        coalesce(a.feature_collected, false) as is_feature_collected,
        coalesce(a.sign_in_collected, false) as is_sign_in_collected,
        a.sign_in_seat_share,
        least(
            $as_of,
            case when w.counts_feature_use and a.feature_collected then a.feature_complete_through end,
            case when w.counts_sign_in and a.sign_in_collected then a.sign_in_complete_through end
        ) as observed_through
    from windows_in_use as w
    left join core.app_signals as a on a.app_id = w.app_id
    left join core.apps as p on p.app_id = w.app_id
),

sources_needed as (
    select
        w.app_id,
        w.counts_feature_use,
        w.counts_sign_in,
        w.inactive_after_days,
        w.observed_through - w.inactive_after_days + 1 as window_from,
        w.observed_through,
        n.source,
        n.stream,
        bool_or(n.need = 'hr' and n.stream = 'workers') as is_workers_feed,
        bool_or(n.need = 'directory') as is_directory_feed,
        bool_or(n.need in ('sign_in', 'feature_use')) as is_signal
    from windows_observed as w
    inner join core.app_sources as n on n.app_id = w.app_id
    where n.need in ('hr', 'directory', 'assignment')
        or (n.need = 'feature_use' and w.counts_feature_use)
        or (n.need = 'sign_in' and w.counts_sign_in)
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

-- Days not covered matter up to observed_through, which is all that idleness claims. Missing pages matter up to the
-- as-of date: a newest landing that lacks pages moves observed_through back, and yet its absence proves nothing.
holes_inside_the_window as (
    select
        s.app_id,
        s.counts_feature_use,
        s.counts_sign_in,
        s.inactive_after_days,
        s.source,
        s.stream,
        bool_or(h.hole_kind = 'partial') as lacks_pages,
        bool_or(h.hole_kind <> 'partial' and h.hole_from <= s.observed_through) as lacks_days
    from sources_needed as s
    inner join core.source_holes as h
        on h.source = s.source
        and h.stream = s.stream
    where s.is_signal
        and h.hole_from <= $as_of
        and (h.hole_to is null or h.hole_to > s.window_from)
    group by 1, 2, 3, 4, 5, 6
),

sources_judged as (
    select
        s.app_id,
        s.counts_feature_use,
        s.counts_sign_in,
        s.inactive_after_days,
        s.source || '/' || s.stream as feed,
        s.is_workers_feed,
        s.is_directory_feed,
        coalesce(t.has_landed and t.complete_through is not null, false) as has_landed,
        -- Configured and never landed is stale; landed without one complete landing is partial.
        coalesce(t.is_stale or not t.has_landed, true) as is_stale,
        coalesce(t.has_landed and t.complete_through is null, false) or coalesce(h.lacks_pages, false) as is_partial,
        coalesce(t.is_concealed, false) as is_concealed,
        coalesce(h.lacks_days, false) as has_hole
    from sources_needed as s
    left join core.source_status as t
        on t.source = s.source
        and t.stream = s.stream
    left join holes_inside_the_window as h
        on h.app_id = s.app_id
        and h.counts_feature_use = s.counts_feature_use
        and h.counts_sign_in = s.counts_sign_in
        and h.inactive_after_days = s.inactive_after_days
        and h.source = s.source
        and h.stream = s.stream
),

windows_judged as (
    select
        app_id,
        counts_feature_use,
        counts_sign_in,
        inactive_after_days,
        bool_or(is_workers_feed) as has_workers_feed,
        bool_and(not (is_stale or is_partial or is_concealed)) filter (where is_workers_feed) as are_workers_good,
        bool_and(has_landed) filter (where is_directory_feed) as has_directory_landed,
        bool_or(is_stale) as has_stale,
        bool_or(is_partial) as has_partial,
        bool_or(is_concealed) as has_concealed,
        bool_or(has_hole) as has_hole,
        string_agg(
            feed
            || case when is_stale then ' stale' else '' end
            || case when is_partial then ' partial' else '' end
            || case when is_concealed then ' concealed' else '' end
            || case when has_hole then ' hole' else '' end,
            '|' order by feed
        ) filter (where is_stale or is_partial or is_concealed or has_hole) as failing_sources
    from sources_judged
    group by app_id, counts_feature_use, counts_sign_in, inactive_after_days
),

final as (
    select
        w.app_id,
        w.counts_feature_use,
        w.counts_sign_in,
        w.inactive_after_days,
        w.is_feature_collected,
        w.is_sign_in_collected,
        w.sign_in_seat_share,
        w.observed_through,
        coalesce(j.are_workers_good, false) as is_hr_good,
        coalesce(j.has_directory_landed, not w.has_okta) as is_directory_landed,
        -- HR is needed by every policy: without a workers feed everyone would look like an orphan.
        coalesce(j.has_stale, false) or not coalesce(j.has_workers_feed, false) as has_stale,
        coalesce(j.has_partial, false) as has_partial,
        coalesce(j.has_concealed, false) as has_concealed,
        coalesce(j.has_hole, false) as has_hole,
        case
            when coalesce(j.has_workers_feed, false) then j.failing_sources
            else coalesce(j.failing_sources || '|', '') || 'hr/workers never landed'
        end as failing_sources
    from windows_observed as w
    left join windows_judged as j
        on j.app_id = w.app_id
        and j.counts_feature_use = w.counts_feature_use
        and j.counts_sign_in = w.counts_sign_in
        and j.inactive_after_days = w.inactive_after_days
)

select
    app_id,
    counts_feature_use,
    counts_sign_in,
    inactive_after_days,
    is_feature_collected,
    is_sign_in_collected,
    sign_in_seat_share,
    observed_through,
    is_hr_good,
    is_directory_landed,
    has_stale,
    has_partial,
    has_concealed,
    has_hole,
    failing_sources
from final
