-- SSO attempts of users by app, account and day, as src/usage/rollup.rs counts them.
select
    app_instance_id, actor_id as account_id, cast(published_at as date) as used_on,
    count(*) filter (where outcome_result is not distinct from 'SUCCESS') as sign_ins,
    count(*) filter (where outcome_result is distinct from 'SUCCESS') as failed_sign_ins,
    max(published_at) filter (where outcome_result = 'SUCCESS') as last_at
from {events}
where
    event_type = 'user.authentication.sso' and actor_type = 'User' and actor_id is not null
    and app_instance_id is not null
group by all
