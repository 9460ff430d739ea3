-- One account and the person it belongs to, by the first rule that hits: override, employee id, SSO subject, e-mail.
-- Two persons claimed by that rule make the account ambiguous: it then names nobody.
with apps_assigned_in_okta as (
    select app_id
    from seeds.apps
    where assignment_source = 'okta'
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
    from core.account_claims as a
    left join core.sso_claims as s on a.system = s.system and a.account_id = s.account_id
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
