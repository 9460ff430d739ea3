-- One System Log event of Okta, told once: a drop that overlaps an earlier one repeats events, and the newest landing
-- speaks. Only the time that two landings share is compared, so a log without overlap costs a scan and no memory.
with landings_of_the_log as (
    -- a landing of unknown reach may hold anything up to the end of the as-of date
    select
        source,
        landing,
        min(coalesce(min_at, cast(date '1970-01-01' as timestamp))) as min_at,
        max(coalesce(max_at, cast($as_of + 1 as timestamp))) as max_at
    from audit.landings
    where kind = 'okta' and stream = 'system_log'
    group by source, landing
),

what_landings_share as (
    select
        source,
        landing,
        max(max_at) over (order by landing, source rows between unbounded preceding and 1 preceding) as older_max_at,
        min(min_at) over (order by landing, source rows between 1 following and unbounded following) as newer_min_at
    from landings_of_the_log
),

events_up_to_the_as_of_date as (
    select
        event_id, published_at, event_type, outcome_result, actor_id, actor_type, app_instance_id, app_user_id,
        target_user_id, target_group_id, source, landing
    from raw.okta_system_log
    where published_at < cast($as_of + 1 as timestamp)
),

events_a_newer_landing_may_hold_too as (
    select
        e.event_id, e.published_at, e.event_type, e.outcome_result, e.actor_id, e.actor_type, e.app_instance_id,
        e.app_user_id, e.target_user_id, e.target_group_id, e.source, e.landing
    from events_up_to_the_as_of_date as e
    inner join what_landings_share as h on e.source = h.source and e.landing = h.landing
    where h.newer_min_at <= e.published_at
),

events_an_older_landing_may_hold_too as (
    select e.event_id, e.source, e.landing
    from events_up_to_the_as_of_date as e
    inner join what_landings_share as h on e.source = h.source and e.landing = h.landing
    where e.published_at <= h.older_max_at
),

final as (
    select
        e.event_id, e.published_at, e.event_type, e.outcome_result, e.actor_id, e.actor_type, e.app_instance_id,
        e.app_user_id, e.target_user_id, e.target_group_id, e.source, e.landing
    from events_up_to_the_as_of_date as e
    left join what_landings_share as h on e.source = h.source and e.landing = h.landing
    where h.newer_min_at is null or e.published_at < h.newer_min_at
    union all
    select
        e.event_id, e.published_at, e.event_type, e.outcome_result, e.actor_id, e.actor_type, e.app_instance_id,
        e.app_user_id, e.target_user_id, e.target_group_id, e.source, e.landing
    from events_a_newer_landing_may_hold_too as e
    left anti join events_an_older_landing_may_hold_too as newer
        on e.event_id = newer.event_id
        and (e.landing < newer.landing or (e.landing = newer.landing and e.source < newer.source))
)

select
    event_id, published_at, event_type, outcome_result, actor_id, actor_type, app_instance_id, app_user_id,
    target_user_id, target_group_id, source, landing
from final
