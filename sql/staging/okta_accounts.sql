-- One Okta user in the newest complete landing, as an account of the directory.
with final as (
    select
        source,
        account_id,
        login as user_name,
        email,
        employee_number,
        display_name,
        status,
        -- STAGED cannot sign in yet; SUSPENDED and DEPROVISIONED cannot any more
        coalesce(upper(status), '') not in ('STAGED', 'SUSPENDED', 'DEPROVISIONED') as is_active,
        user_type,
        created_at,
        status_changed_at,
        case when last_login_at < cast($as_of + 1 as timestamp) then last_login_at end as last_login_at,
        landing
    from raw.okta_users
)

select
    source, account_id, user_name, email, employee_number, display_name, status, is_active, user_type, created_at,
    status_changed_at, last_login_at, landing
from final
