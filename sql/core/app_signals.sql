-- One row per application: which signals are collected for it, how far they are complete, and how many of its seats
-- signed in of late (few of them: the application may keep long sessions).
with feeds as (
    select
        needed.app_id, bool_or(needed.need = 'sign_in') as sign_in_collected,
        bool_or(needed.need = 'feature_use') as feature_collected,
        min(case when needed.need = 'sign_in' then status.complete_through end) as sign_in_complete_through,
        min(case when needed.need = 'feature_use' then status.complete_through end) as feature_complete_through
    from core.app_sources as needed
    inner join core.source_status as status on needed.source = status.source and needed.stream = status.stream
    group by needed.app_id
),

seats as (
    select
        app_id, count(*) as seat_count, sum(case when sign_in_days_30 > 0 then 1 else 0 end) as signed_in_seat_count
    from core.seat_signals
    group by app_id
),

final as (
    select
        app.app_id, coalesce(feeds.sign_in_collected, false) as sign_in_collected,
        coalesce(feeds.feature_collected, false) as feature_collected, feeds.sign_in_complete_through,
        feeds.feature_complete_through,
        -- cut, not rounded: a share just under a minimum must stay under it
        cast(
            cast(coalesce(seats.signed_in_seat_count * 1000000 / seats.seat_count, 0) as decimal(18, 4))
            / cast(1000000 as decimal(7, 0)) as decimal(9, 6)
        ) as sign_in_seat_share
    from core.apps as app
    left join feeds on app.app_id = feeds.app_id
    left join seats on app.app_id = seats.app_id
)

select
    app_id, sign_in_collected, feature_collected, sign_in_complete_through, feature_complete_through, sign_in_seat_share
from final
