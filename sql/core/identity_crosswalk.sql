-- One account and the person it belongs to, by the first rule that hits: override, employee id, SSO subject, e-mail.
-- Two persons claimed by that rule make the account ambiguous: it then names nobody.
with overrides_in_force as (
    select o.system, o.account_id as account_ref, w.person_key
    from seeds.identity_overrides as o
    inner join core.workers as w on o.worker_id = w.worker_id
    where
        (o.effective_from <= $as_of or o.effective_from is null)
        and ($as_of < o.effective_to or o.effective_to is null)
),

accounts_an_override_names as (
    select a.system, a.account_id, o.person_key
    from core.accounts as a
    inner join overrides_in_force as o on a.system = o.system and a.account_id = o.account_ref
    union
    select a.system, a.account_id, o.person_key
    from core.accounts as a
    inner join overrides_in_force as o on a.system = o.system and fold_text(a.email) = fold_text(o.account_ref)
),

claims_by_override as (
    select system, account_id, count(*) as claimants, min(person_key) as person_key
    from accounts_an_override_names
    group by system, account_id
),

holders_of_each_address as (
    -- every holder so far counts against the address; only one HR still tells of can be the match
    select e.email_folded, count(*) as holders, max(p.person_key) as person_key
    from core.person_emails as e
    left join core.persons as p on e.person_key = p.person_key
    where e.valid_from <= $as_of
    group by e.email_folded
),

accounts_with_what_their_own_attributes_claim as (
    select
        a.system,
        a.account_id,
        coalesce(o.claimants, 0) as override_claimants,
        o.person_key as override_person_key,
        case
            when by_number.person_key <> by_external_id.person_key then 2
            when by_number.person_key is not null or by_external_id.person_key is not null then 1
            else 0
        end as employee_claimants,
        coalesce(by_number.person_key, by_external_id.person_key) as employee_person_key,
        case when e.holders > 1 then e.holders when e.person_key is not null then 1 else 0 end as email_claimants,
        e.person_key as email_person_key
    from core.accounts as a
    left join claims_by_override as o on a.system = o.system and a.account_id = o.account_id
    left join core.workers as by_number on trim(a.employee_number) = by_number.worker_id
    left join core.workers as by_external_id on trim(a.external_id) = by_external_id.worker_id
    left join holders_of_each_address as e on fold_text(a.email) = e.email_folded
),

okta_users_and_their_person as (
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
    from accounts_with_what_their_own_attributes_claim
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

claims_by_sso_subject as (
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
),

accounts_with_the_rule_that_decides as (
    select
        a.system,
        a.account_id,
        case
            when a.override_claimants > 0 then 'override'
            -- the number and e-mail beside an assignment in Okta are the Okta user's own and have spoken there
            when a.employee_claimants > 0 and d.app_id is null then 'employee_id'
            when s.claimants > 0 then 'sso_subject'
            when a.email_claimants > 0 and d.app_id is null then 'email'
            else 'none'
        end as match_rule,
        a.override_claimants,
        a.override_person_key,
        a.employee_claimants,
        a.employee_person_key,
        s.claimants as sso_claimants,
        s.person_key as sso_person_key,
        a.email_claimants,
        a.email_person_key,
        s.okta_account_id
    from accounts_with_what_their_own_attributes_claim as a
    left join claims_by_sso_subject as s on a.system = s.system and a.account_id = s.account_id
    left join apps_assigned_in_okta as d on a.system = d.app_id
),

accounts_with_who_is_claimed as (
    select
        system,
        account_id,
        match_rule,
        case match_rule
            when 'override' then override_claimants
            when 'employee_id' then employee_claimants
            when 'sso_subject' then sso_claimants
            when 'email' then email_claimants
            else 0
        end as claimant_count,
        case match_rule
            when 'override' then override_person_key
            when 'employee_id' then employee_person_key
            when 'sso_subject' then sso_person_key
            when 'email' then email_person_key
        end as person_key,
        okta_account_id
    from accounts_with_the_rule_that_decides
),

final as (
    select
        system,
        account_id,
        case when claimant_count = 1 then person_key end as person_key,
        match_rule,
        claimant_count > 1 as is_ambiguous,
        claimant_count,
        okta_account_id
    from accounts_with_who_is_claimed
)

select system, account_id, person_key, match_rule, is_ambiguous, claimant_count, okta_account_id
from final
