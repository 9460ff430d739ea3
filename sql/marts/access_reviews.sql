-- A row is one thing that one person must decide: an open question about a seat with the finding behind it, or an open
-- finding that no question covers, with whoever owns it. Nobody is shown their own account. How long ago a seat was
-- used is told in steps of 30 days, as in notices.
with people_by_email as (
    select fold_text(work_email) as email_folded, min(person_key) as person_key
    from core.persons
    where work_email is not null
    group by 1
    having count(*) = 1
),

findings_open as (
    select
        f.finding_id, f.kind, f.system, f.account_id, f.sku_id, f.person_key, f.detail, f.first_seen_on, f.days_open,
        f.severity, f.risk_score, f.amount_at_stake, f.controls, f.remediation,
        case
            when f.owner_role = 'procurement' then 'procurement'
            when p.person_key = f.person_key then 'security'
            else coalesce(pseudonym(p.person_key), 'owner of ' || f.system)
        end as reviewer_key,
        case when f.owner_role <> 'procurement' and coalesce(p.person_key <> f.person_key, true) then p.person_key end
            as reviewer_person_key,
        case when f.owner_role <> 'procurement' and p.person_key is null then f.owner_email end as reviewer_email
    from marts.access_findings as f
    left join people_by_email as p on p.email_folded = fold_text(f.owner_email)
    where f.state = 'open'
),

questions_open as (
    select
        c.candidate_id, c.app_id, c.account_id, c.sku_id, c.tier, c.person_key, c.action, c.target_tier, c.reason,
        c.policy_version_id, c.evidence_grade, c.opened_on, c.due_on, c.step, c.reclaim_consequence,
        c.annual_saving_amount, c.grant_paths,
        case
            when c.last_counted_use_on is null then 'none on record'
            when c.observed_through - c.last_counted_use_on <= 30 then '0-30 days ago'
            when c.observed_through - c.last_counted_use_on <= 60 then '31-60 days ago'
            when c.observed_through - c.last_counted_use_on <= 90 then '61-90 days ago'
            else '90+ days ago'
        end as last_use,
        coalesce(c.asked_approver_key, pseudonym(c.approver_person_key), 'owner of ' || c.app_id) as reviewer_key,
        case
            when c.asked_approver_key is null then c.approver_person_key
            when pseudonym(r.person_key) = c.asked_approver_key then r.person_key
        end as reviewer_person_key,
        case
            when c.asked_approver_key is null then c.approver_email
            when r.person_key is null then r.email
        end as reviewer_email
    from review.candidates as c
    left join review.routes as r on r.candidate_id = c.candidate_id and r.step = c.step
    where c.state in ('open', 'notified')
),

-- a question about a seat answers what is found of the seat or of its whole account
findings_of_questions as (
    select
        q.candidate_id,
        f.finding_id, f.severity, f.risk_score, f.controls, f.first_seen_on, f.days_open,
        row_number() over (
            partition by q.candidate_id order by f.risk_score desc, f.finding_id, q.sku_id
        ) as place
    from questions_open as q
    inner join findings_open as f
        on f.system = q.app_id and f.account_id = q.account_id and coalesce(f.sku_id, q.sku_id) = q.sku_id
    where f.kind in ('stale_access', 'terminated_active', 'orphan_account', 'shadow_allocation')
),

findings_without_question as (
    select
        f.finding_id, f.kind, f.system, f.account_id, f.sku_id, f.person_key, f.detail, f.first_seen_on, f.days_open,
        f.severity, f.risk_score, f.amount_at_stake, f.controls, f.remediation, f.reviewer_key, f.reviewer_person_key,
        f.reviewer_email
    from findings_open as f
    left anti join findings_of_questions as q on q.finding_id = f.finding_id
),

items as (
    select
        q.candidate_id as item_id,
        'question' as item,
        q.reviewer_key,
        q.reviewer_person_key,
        q.reviewer_email,
        q.candidate_id,
        f.finding_id,
        q.reason as kind,
        q.app_id as system,
        q.account_id,
        q.sku_id,
        q.tier,
        q.person_key,
        q.action,
        q.target_tier,
        q.last_use,
        q.evidence_grade,
        q.policy_version_id,
        q.reclaim_consequence,
        cast(null as varchar) as detail,
        'seatledger decide accept or deny ' || q.candidate_id as remediation,
        f.controls,
        f.severity,
        coalesce(f.risk_score, 0) as risk_score,
        coalesce(f.first_seen_on, q.opened_on) as first_seen_on,
        coalesce(f.days_open, $as_of - q.opened_on) as days_open,
        q.due_on,
        q.due_on < $as_of as is_overdue,
        q.annual_saving_amount as amount
    from questions_open as q
    left join findings_of_questions as f on f.candidate_id = q.candidate_id and f.place = 1
    union all
    select
        f.finding_id as item_id,
        'finding' as item,
        f.reviewer_key,
        f.reviewer_person_key,
        f.reviewer_email,
        null as candidate_id,
        f.finding_id,
        f.kind,
        f.system,
        f.account_id,
        f.sku_id,
        null as tier,
        f.person_key,
        null as action,
        null as target_tier,
        null as last_use,
        null as evidence_grade,
        null as policy_version_id,
        null as reclaim_consequence,
        f.detail,
        f.remediation,
        f.controls,
        f.severity,
        f.risk_score,
        f.first_seen_on,
        f.days_open,
        cast(null as date) as due_on,
        false as is_overdue,
        f.amount_at_stake as amount
    from findings_without_question as f
),

final as (
    select
        i.item_id,
        i.item,
        i.reviewer_key,
        coalesce(m.work_email, i.reviewer_email) as reviewer_email,
        i.candidate_id,
        i.finding_id,
        i.kind,
        i.system,
        coalesce(a.name, i.system) as system_name,
        i.account_id,
        coalesce(k.email, k.user_name) as account_name,
        i.sku_id,
        coalesce(i.tier, s.tier) as tier,
        i.person_key,
        p.display_name as holder_name,
        i.action,
        i.target_tier,
        i.action || coalesce(' to ' || i.target_tier, '') as proposal,
        i.last_use,
        i.evidence_grade,
        i.policy_version_id,
        i.reclaim_consequence,
        i.detail,
        i.remediation,
        i.controls,
        i.severity,
        i.risk_score,
        i.first_seen_on,
        i.days_open,
        i.due_on,
        i.is_overdue,
        i.amount,
        r.reporting_currency
    from items as i
    cross join config.project as r
    left join core.apps as a on a.app_id = i.system
    left join core.skus as s on s.app_id = i.system and s.sku_id = i.sku_id
    left join core.accounts as k on k.system = i.system and k.account_id = i.account_id
    left join core.persons as p on p.person_key = i.person_key
    left join core.persons as m on m.person_key = i.reviewer_person_key
)

select
    item_id, item, reviewer_key, reviewer_email, candidate_id, finding_id, kind, system, system_name, account_id,
    account_name, sku_id, tier, person_key, holder_name, action, target_tier, proposal, last_use, evidence_grade,
    policy_version_id, reclaim_consequence, detail, remediation, controls, severity, risk_score, first_seen_on,
    days_open, due_on, is_overdue, amount, reporting_currency
from final
