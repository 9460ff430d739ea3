-- A row is one change of a grant in Okta that its log tells of and that succeeded: of who has an app, who is in a
-- group, which group has an app. Goes on from an earlier run, so a day costs the log of that day; kept as long as Okta
-- keeps it itself, 90 days. An event that two landings hold is told once, by the newest.
with changes_that_landed as (
    select
        event_id, published_at as changed_at,
        case when event_type like '%.add' then 'add' else 'remove' end as change,
        case
            when event_type like 'group.user_membership.%' then 'group_member'
            when event_type like 'group.application_assignment.%' then 'app_group'
            else 'app_user'
        end as grant_kind,
        case when event_type not like 'group.user_membership.%' then app_instance_id end as okta_app_id,
        case when event_type not like 'application.user_membership.%' then target_group_id end as group_id,
        case when event_type not like 'group.application_assignment.%' then target_user_id end as account_id,
        actor_id, actor_type, actor_alternate_id as actor_name, source, landing
    from fresh.okta_system_log
    where
        event_type in (
            'application.user_membership.add', 'application.user_membership.remove', 'group.user_membership.add',
            'group.user_membership.remove', 'group.application_assignment.add', 'group.application_assignment.remove'
        )
        and coalesce(outcome_result, 'SUCCESS') = 'SUCCESS'
    union all
    select
        event_id, changed_at, change, grant_kind, okta_app_id, group_id, account_id, actor_id, actor_type, actor_name,
        source, landing
    from before.staging_okta_changes
),

tellings as (
    select
        event_id, changed_at, change, grant_kind, okta_app_id, group_id, account_id, actor_id, actor_type, actor_name,
        source, landing,
        row_number() over (partition by event_id order by landing desc, source) as place
    from changes_that_landed
    where changed_at >= cast($as_of - 90 as timestamp)
),

final as (
    select
        event_id, changed_at, change, grant_kind, okta_app_id, group_id, account_id, actor_id, actor_type, actor_name,
        source, landing
    from tellings
    where place = 1
)

select
    event_id, changed_at, change, grant_kind, okta_app_id, group_id, account_id, actor_id, actor_type, actor_name,
    source, landing
from final
