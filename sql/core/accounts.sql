-- One account: an Okta user (system 'okta'), or an account of a governed app (system = app id): the vendor's own where
-- its seat list is collected, else the Okta user assigned to one of the app's Okta apps.
with vendor_accounts_of_each_app as (
    select
        a.app_id as system,
        v.account_id,
        v.source,
        v.user_name,
        v.email,
        v.external_id,
        v.display_name,
        v.employee_number,
        v.status,
        v.is_active,
        v.declared_type,
        v.landing
    from staging.vendor_accounts as v
    inner join seeds.apps as a on v.source || '/' || v.stream = a.assignment_source
),

okta_app_users_of_each_app as (
    -- one user in several Okta apps of one product is one account of it; the assigned one speaks
    select
        a.app_id as system,
        u.account_id,
        first_value(u.user_name order by upper(u.status) = 'ACTIVE' desc nulls last, u.okta_app_id) as user_name,
        first_value(u.external_id order by upper(u.status) = 'ACTIVE' desc nulls last, u.okta_app_id) as external_id,
        first_value(u.status order by upper(u.status) = 'ACTIVE' desc nulls last, u.okta_app_id) as status,
        min(u.source) as source,
        max(u.landing) as landing
    from staging.okta_app_users as u
    inner join seeds.app_okta_ids as i on u.okta_app_id = i.okta_app_id
    inner join seeds.apps as a on i.app_id = a.app_id
    where a.assignment_source = 'okta'
    group by a.app_id, u.account_id
),

accounts_of_every_system as (
    select
        'okta' as system, account_id, source, user_name, email, cast(null as varchar) as external_id, display_name,
        employee_number, status, is_active, cast(null as varchar) as declared_type, account_id as okta_account_id,
        landing
    from staging.okta_accounts
    union all
    select
        system, account_id, source, user_name, email, external_id, display_name, employee_number, status, is_active,
        declared_type, cast(null as varchar) as okta_account_id, landing
    from vendor_accounts_of_each_app
    union all
    select
        u.system,
        u.account_id,
        u.source,
        u.user_name,
        o.email,
        u.external_id,
        o.display_name,
        o.employee_number,
        u.status,
        coalesce(upper(u.status), '')
        not in (
            'INACTIVE', 'IMPORTED', 'MATCHED', 'UNASSIGNED', 'SUSPENDED', 'PENDING', 'DEPROVISIONED', 'REVOKED',
            'STAGED'
        ) as is_active,
        cast(null as varchar) as declared_type,
        u.account_id as okta_account_id,
        u.landing
    from okta_app_users_of_each_app as u
    left join staging.okta_accounts as o on u.account_id = o.account_id
),

names_of_accounts as (
    select system, account_id, okta_account_id, coalesce(user_name, email) as user_name
    from accounts_of_every_system
    where coalesce(user_name, email) is not null
),

patterns_that_match as (
    select n.system, n.account_id, t.position, t.account_type
    from names_of_accounts as n
    inner join seeds.account_types as t on n.system = t.app_id
    where glob_match(n.user_name, t.pattern)
    union all
    select n.system, n.account_id, t.position, t.account_type
    from names_of_accounts as n
    cross join seeds.account_types as t
    where t.app_id = '*' and glob_match(n.user_name, t.pattern)
),

first_pattern_that_matches as (
    select system, account_id, first_value(account_type order by position, account_type) as account_type
    from patterns_that_match
    group by system, account_id
),

final as (
    select
        a.system,
        a.account_id,
        a.source,
        a.user_name,
        a.email,
        a.external_id,
        a.display_name,
        a.employee_number,
        a.status,
        a.is_active,
        -- an assignment in Okta is the Okta user itself, so what that user is the account is too
        coalesce(a.declared_type, own.account_type, directory.account_type) as account_type,
        a.landing
    from accounts_of_every_system as a
    left join first_pattern_that_matches as own on a.system = own.system and a.account_id = own.account_id
    left join first_pattern_that_matches as directory
        on a.okta_account_id = directory.account_id and directory.system = 'okta'
)

select
    system, account_id, source, user_name, email, external_id, display_name, employee_number, status, is_active,
    account_type, landing
from final
