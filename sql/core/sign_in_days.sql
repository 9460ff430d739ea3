-- One row per application, Okta user and day with an SSO attempt. `sign_ins` counts those Okta let through.
-- An event whose targets hold no application instance cannot be laid to an application and is left out.
with attempts as (
    select
        instance.app_id, event.actor_id as okta_account_id, cast(event.published_at as date) as signed_in_on,
        event.published_at, coalesce(event.outcome_result = 'SUCCESS', false) as is_success, event.source, event.landing
    from staging.okta_events as event
    inner join seeds.app_okta_ids as instance on event.app_instance_id = instance.okta_app_id
    where
        event.event_type = 'user.authentication.sso' and event.actor_type = 'User' and event.actor_id is not null
        and cast(event.published_at as date) <= $as_of
),

final as (
    select
        app_id, okta_account_id, signed_in_on,
        sum(case when is_success then 1 else 0 end) as sign_ins,
        sum(case when is_success then 0 else 1 end) as failed_sign_ins,
        max(case when is_success then published_at end) as last_sign_in_at,
        max(source) as source, max(landing) as landing
    from attempts
    group by app_id, okta_account_id, signed_in_on
)

select app_id, okta_account_id, signed_in_on, sign_ins, failed_sign_ins, last_sign_in_at, source, landing
from final
