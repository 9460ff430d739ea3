-- The Okta users that Okta links to one account, by the name it asserts to the app or by an assignment, and how many
-- persons they are. An account without one has no row.
with okta_users_and_their_person as (
    select
        account_id as okta_account_id,
        case
            when override_claimants > 0 then override_claimants
            when employee_claimants > 0 then employee_claimants
            else email_claimants
        end as claimants,
        case
            when override_claimants > 0 then override_person_key
            when employee_claimants > 0 then employee_person_key
            else email_person_key
        end as person_key
    from core.account_claims
    where system = 'okta'
),

apps_assigned_in_okta as (
    select app_id
    from seeds.apps
    where assignment_source = 'okta'
),

apps_with_a_seat_list_of_their_own as (
    select app_id
    from seeds.apps
    where assignment_source <> 'okta'
),

app_users_of_each_app as (
    select i.app_id, u.account_id as okta_account_id, u.user_name, u.external_id
    from staging.okta_app_users as u
    inner join seeds.app_okta_ids as i on u.okta_app_id = i.okta_app_id
),

names_okta_asserts_to_each_app as (
    select app_id, okta_account_id, fold_text(user_name) as subject
    from app_users_of_each_app
    union
    select app_id, okta_account_id, fold_text(external_id) as subject
    from app_users_of_each_app
),

accounts_at_vendors as (
    select a.system, a.account_id, a.user_name, a.email, a.external_id
    from core.accounts as a
    inner join apps_with_a_seat_list_of_their_own as v on a.system = v.app_id
),

names_each_account_goes_by as (
    select system, account_id, fold_text(user_name) as subject
    from accounts_at_vendors
    union all
    select system, account_id, fold_text(email) as subject
    from accounts_at_vendors
    union all
    select system, account_id, fold_text(account_id) as subject
    from accounts_at_vendors
    union all
    select system, account_id, fold_text(external_id) as subject
    from accounts_at_vendors
),

okta_users_of_each_account as (
    select n.system, n.account_id, s.okta_account_id
    from names_each_account_goes_by as n
    inner join names_okta_asserts_to_each_app as s on n.system = s.app_id and n.subject = s.subject
    union
    -- an assignment in Okta is the Okta user itself
    select a.system, a.account_id, a.account_id as okta_account_id
    from core.accounts as a
    inner join apps_assigned_in_okta as d on a.system = d.app_id
),

persons_of_each_account_by_sso_subject as (
    -- an Okta user who is nobody's leaves a row without a person
    select
        l.system,
        l.account_id,
        p.person_key,
        coalesce(max(p.claimants), 0) as claimants,
        count(*) as okta_users,
        min(l.okta_account_id) as okta_account_id
    from okta_users_of_each_account as l
    left join okta_users_and_their_person as p on l.okta_account_id = p.okta_account_id
    group by l.system, l.account_id, p.person_key
),

final as (
    -- the claim of an ambiguous Okta user is ambiguous
    select
        system,
        account_id,
        greatest(count(person_key), max(claimants)) as claimants,
        max(person_key) as person_key,
        case
            when sum(okta_users) = 1 then max(okta_account_id)
            when count(person_key) = 1 and max(claimants) = 1
                then max(case when person_key is not null then okta_account_id end)
        end as okta_account_id
    from persons_of_each_account_by_sso_subject
    group by system, account_id
)

select system, account_id, claimants, person_key, okta_account_id
from final
