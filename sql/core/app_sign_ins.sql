-- One row per application and Okta account that ever signed in to it, with or without a seat.
with final as (
    select
        instance.app_id, used.account_id as okta_account_id, cast(max(used.last_at) as date) as last_sign_in_on
    from usage.sign_ins as used
    inner join seeds.app_okta_ids as instance on used.app_instance_id = instance.okta_app_id
    where used.last_at is not null
    group by instance.app_id, used.account_id
)

select app_id, okta_account_id, last_sign_in_on
from final
