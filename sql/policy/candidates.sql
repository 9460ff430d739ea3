-- One row per seat proposed for an action: its evaluation, the episode it belongs to, and who decides by when.
-- The id lasts as long as the episode does: app, the key of the account, SKU, action and the episode's first as-of date
-- make it.
with people_by_email as (
    select
        email_folded,
        min(person_key) as person_key
    from core.person_emails
    group by email_folded
    having count(distinct person_key) = 1
),

-- The app owner decides where nobody else can. If the seat is the owner's own, whoever answers for the policy does.
owners_of_last_resort as (
    select
        a.app_id,
        a.owner_email,
        fold_text(a.owner_email) as owner_email_folded,
        coalesce(v.owner_email, a.owner_email) as policy_owner_email,
        a.reclaim_consequence
    from core.apps as a
    left join policy.effective_policies as v on v.app_id = a.app_id
),

candidates_and_deciders as (
    select
        e.as_of,
        e.app_id,
        e.account_id,
        e.sku_id,
        e.tier,
        e.person_key,
        e.verdict,
        e.reason,
        e.rule,
        e.action,
        e.target_tier,
        e.target_sku_id,
        e.policy_version_id,
        e.override_indexes,
        e.mode,
        e.sensitivity,
        e.idle_since,
        e.idle_since_is_at_least,
        e.observed_through,
        e.idle_days,
        e.inactive_after_days,
        e.last_counted_use_on,
        e.last_sign_in_on,
        e.last_feature_use_on,
        e.evidence_grade,
        e.assigned_on,
        e.evidence_terminated_on,
        e.evidence_seat_ref,
        e.evidence_person_ref,
        e.evidence_sign_in_ref,
        e.evidence_feature_use_ref,
        e.episode_from,
        e.due_on,
        e.flip,
        e.annual_saving_amount,
        e.annual_saving_currency,
        e.contract_annual_saving_amount,
        e.contract_annual_saving_currency,
        e.saving_gap,
        e.cash_on,
        e.on_no_response,
        e.is_checker_required or r.job_family is not null as is_checker_required,
        s.grant_paths,
        o.reclaim_consequence,
        a.approver_person_key as person_approver_key,
        a.approver_email as person_approver_email,
        a.approver_route as person_approver_route,
        case
            when o.owner_email_folded = a.person_email_folded then o.policy_owner_email
            else o.owner_email
        end as last_resort_email
    from policy.evaluations as e
    inner join core.seats as s
        on s.app_id = e.app_id
        and s.account_id = e.account_id
        and s.sku_id = e.sku_id
    left join owners_of_last_resort as o on o.app_id = e.app_id
    left join policy.approvers as a on a.person_key = e.person_key
    left join core.persons as p on p.person_key = e.person_key
    left join core.critical_roles as r on r.job_family = p.job_family
    where e.verdict = 'candidate'
),

final as (
    select
        'c-' || substr(
            sha256(
                c.app_id || '|' || pseudonym(c.account_id) || '|' || c.sku_id || '|' || c.action
                || '|' || cast(c.episode_from as text)
            ), 1, 20
        ) as candidate_id,
        c.as_of,
        c.app_id,
        c.account_id,
        c.sku_id,
        c.tier,
        c.person_key,
        c.verdict,
        c.reason,
        c.rule,
        c.action,
        c.target_tier,
        c.target_sku_id,
        c.policy_version_id,
        c.override_indexes,
        c.mode,
        c.sensitivity,
        c.idle_since,
        c.idle_since_is_at_least,
        c.observed_through,
        c.idle_days,
        c.inactive_after_days,
        c.last_counted_use_on,
        c.last_sign_in_on,
        c.last_feature_use_on,
        c.evidence_grade,
        c.assigned_on,
        c.evidence_terminated_on,
        c.evidence_seat_ref,
        c.evidence_person_ref,
        c.evidence_sign_in_ref,
        c.evidence_feature_use_ref,
        c.episode_from,
        c.due_on,
        c.flip,
        case when c.person_approver_route is null then m.person_key else c.person_approver_key end
            as approver_person_key,
        case when c.person_approver_route is null then c.last_resort_email else c.person_approver_email end
            as approver_email,
        coalesce(c.person_approver_route, 'app_owner') as approver_route,
        c.on_no_response,
        c.is_checker_required,
        c.grant_paths,
        c.reclaim_consequence,
        'identified' as savings_state,
        c.annual_saving_amount,
        c.annual_saving_currency,
        c.contract_annual_saving_amount,
        c.contract_annual_saving_currency,
        c.saving_gap,
        -- Money stops on cash_on; without such a date, or without a saving, freeing the seat at best avoids a purchase.
        c.cash_on is not null
        and coalesce(c.annual_saving_amount, c.contract_annual_saving_amount, 0) > 0 as is_cash_releasing,
        c.cash_on
    from candidates_and_deciders as c
    left join people_by_email as m on m.email_folded = fold_text(c.last_resort_email)
)

select
    candidate_id,
    as_of,
    app_id,
    account_id,
    sku_id,
    tier,
    person_key,
    verdict,
    reason,
    rule,
    action,
    target_tier,
    target_sku_id,
    policy_version_id,
    override_indexes,
    mode,
    sensitivity,
    idle_since,
    idle_since_is_at_least,
    observed_through,
    idle_days,
    inactive_after_days,
    last_counted_use_on,
    last_sign_in_on,
    last_feature_use_on,
    evidence_grade,
    assigned_on,
    evidence_terminated_on,
    evidence_seat_ref,
    evidence_person_ref,
    evidence_sign_in_ref,
    evidence_feature_use_ref,
    episode_from,
    due_on,
    flip,
    approver_person_key,
    approver_email,
    approver_route,
    on_no_response,
    is_checker_required,
    grant_paths,
    reclaim_consequence,
    savings_state,
    annual_saving_amount,
    annual_saving_currency,
    contract_annual_saving_amount,
    contract_annual_saving_currency,
    saving_gap,
    is_cash_releasing,
    cash_on
from final
