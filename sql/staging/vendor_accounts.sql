-- One account at one vendor, whatever seats it holds: the feeds that give a row for each licence or granting team are
-- folded to the account. Okta's own users are in staging.okta_accounts.
with microsoft365_accounts as (
    select
        source,
        stream,
        account_id,
        max(user_principal_name) as user_name,
        max(email) as email,
        cast(null as varchar) as external_id,
        max(employee_id) as employee_number,
        max(display_name) as display_name,
        coalesce(bool_or(account_enabled), true) as is_active,
        case when coalesce(bool_or(account_enabled), true) then 'enabled' else 'disabled' end as status,
        cast(null as varchar) as declared_type,
        max(landing) as landing
    from raw.microsoft365_users
    group by source, stream, account_id
),

salesforce_accounts as (
    select
        source,
        stream,
        account_id,
        user_name,
        email,
        federation_identifier as external_id,
        employee_number,
        display_name,
        coalesce(is_active, true) as is_active,
        case when coalesce(is_active, true) then 'active' else 'inactive' end as status,
        -- user types that no human can sign in with
        case when user_type in ('AutomatedProcess', 'CloudIntegrationUser') then 'service' end as declared_type,
        landing
    from raw.salesforce_users
),

github_accounts as (
    select
        source,
        stream,
        account_id,
        max(user_name) as user_name,
        cast(null as varchar) as email,
        cast(null as varchar) as external_id,
        cast(null as varchar) as employee_number,
        cast(null as varchar) as display_name,
        true as is_active,
        'active' as status,
        case when max(case when assignee_type <> 'User' then 1 else 0 end) = 1 then 'service' end as declared_type,
        max(landing) as landing
    from raw.github_copilot_seats
    group by source, stream, account_id
),

-- everybody who holds a licence of the enterprise, by the name at github.com, else at a server of one's own
github_licence_holders as (
    select
        source,
        stream,
        account_id,
        user_name,
        email,
        saml_name_id as external_id,
        cast(null as varchar) as employee_number,
        display_name,
        coalesce(is_license_active, true) as is_active,
        case
            when not coalesce(is_license_active, true) then 'ended'
            when
                pending_invite_organization is not null and member_role is null and enterprise_role is null
                and not coalesce(enterprise_server_user, false)
                then 'invited'
            else 'active'
        end as status,
        cast(null as varchar) as declared_type,
        landing
    from raw.github_consumed_licenses
),

slack_accounts as (
    select
        source,
        stream,
        account_id,
        user_name,
        email,
        cast(null as varchar) as external_id,
        cast(null as varchar) as employee_number,
        display_name,
        not coalesce(is_deleted, false) as is_active,
        case when coalesce(is_deleted, false) then 'deleted' else 'active' end as status,
        case when is_bot then 'service' end as declared_type,
        landing
    from raw.slack_users
),

zoom_accounts as (
    select
        source,
        stream,
        account_id,
        cast(null as varchar) as user_name,
        email,
        employee_unique_id as external_id,
        employee_unique_id as employee_number,
        display_name,
        coalesce(lower(status), 'active') = 'active' as is_active,
        coalesce(status, 'active') as status,
        cast(null as varchar) as declared_type,
        landing
    from raw.zoom_users
),

-- Accounts of the domains that the organisation has claimed, and no others: whoever was invited with another address
-- uses its products, too, and is not in the list.
atlassian_accounts as (
    select
        source,
        stream,
        account_id,
        cast(null as varchar) as user_name,
        max(email) as email,
        cast(null as varchar) as external_id,
        cast(null as varchar) as employee_number,
        max(display_name) as display_name,
        coalesce(max(lower(account_status)), 'active') = 'active' as is_active,
        coalesce(max(account_status), 'active') as status,
        case when max(lower(account_type)) = 'app' then 'service' end as declared_type,
        max(landing) as landing
    from raw.atlassian_managed_accounts
    group by source, stream, account_id
),

mapped_accounts as (
    -- the rows of an account differ in SKU only; a status counts as active if any of its rows does
    select
        source,
        stream,
        account_id,
        max(user_name) as user_name,
        max(email) as email,
        max(external_id) as external_id,
        max(employee_number) as employee_number,
        max(display_name) as display_name,
        bool_or(
            coalesce(lower(status), 'active')
            not in ('inactive', 'disabled', 'deactivated', 'suspended', 'deleted', 'deprovisioned', 'removed', 'closed')
        ) as is_active,
        min(status) as status,
        cast(null as varchar) as declared_type,
        max(landing) as landing
    from raw.mapped_seats
    group by source, stream, account_id
),

final as (
    select
        source, stream, account_id, user_name, email, external_id, employee_number, display_name, is_active, status,
        declared_type, landing
    from microsoft365_accounts
    union all
    select
        source, stream, account_id, user_name, email, external_id, employee_number, display_name, is_active, status,
        declared_type, landing
    from salesforce_accounts
    union all
    select
        source, stream, account_id, user_name, email, external_id, employee_number, display_name, is_active, status,
        declared_type, landing
    from github_accounts
    union all
    select
        source, stream, account_id, user_name, email, external_id, employee_number, display_name, is_active, status,
        declared_type, landing
    from github_licence_holders
    union all
    select
        source, stream, account_id, user_name, email, external_id, employee_number, display_name, is_active, status,
        declared_type, landing
    from slack_accounts
    union all
    select
        source, stream, account_id, user_name, email, external_id, employee_number, display_name, is_active, status,
        declared_type, landing
    from zoom_accounts
    union all
    select
        source, stream, account_id, user_name, email, external_id, employee_number, display_name, is_active, status,
        declared_type, landing
    from atlassian_accounts
    union all
    select
        source, stream, account_id, user_name, email, external_id, employee_number, display_name, is_active, status,
        declared_type, landing
    from mapped_accounts
)

select
    source, stream, account_id, user_name, email, external_id, employee_number, display_name, is_active, status,
    declared_type, landing
from final
