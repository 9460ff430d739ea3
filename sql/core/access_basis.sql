-- One row: whether today's data can say how Okta differs from what Terraform declares, and whether anybody is declared
-- who may change it. Assignments of apps need every state, the users and the app users; memberships need the members
-- too. What is configured must be good.
with feeds as (
    select
        kind, stream, has_landed and not is_stale and not is_partial as is_good
    from core.source_status
    where kind = 'terraform' or (kind = 'okta' and stream in ('users', 'app_users', 'group_members'))
),

counted as (
    select
        count(*) filter (where kind = 'terraform') as state_feed_count,
        count(*) filter (where kind = 'terraform' and not is_good) as bad_state_feed_count,
        count(*) filter (where kind = 'okta' and not is_good) as bad_okta_feed_count,
        count(*) filter (where stream = 'app_users') as app_feed_count,
        count(*) filter (where stream = 'group_members') as member_feed_count
    from feeds
),

automation as (
    select count(*) as actor_count from config.automation_actors
),

final as (
    select
        actor_count > 0 as has_actors,
        state_feed_count > 0 as has_state,
        state_feed_count > 0 and bad_state_feed_count = 0 as is_state_good,
        state_feed_count > 0 and bad_state_feed_count = 0 and bad_okta_feed_count = 0 and app_feed_count > 0
            as is_app_judged,
        state_feed_count > 0 and bad_state_feed_count = 0 and bad_okta_feed_count = 0 and member_feed_count > 0
            as is_member_judged
    from counted
    cross join automation
)

select has_actors, has_state, is_state_good, is_app_judged, is_member_judged
from final
