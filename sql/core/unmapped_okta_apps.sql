-- A row is an Okta app that people sign in to or are assigned to and that no catalogue entry maps: seats nobody counts.
with mapped as (
    select distinct okta_app_id
    from seeds.app_okta_ids
),

people_assigned as (
    select u.okta_app_id, count(distinct u.account_id) as assigned_account_count
    from staging.okta_app_users as u
    left anti join mapped as m on m.okta_app_id = u.okta_app_id
    where upper(coalesce(u.status, '')) not in ('DEPROVISIONED', 'UNASSIGNED', 'REVOKED')
    group by u.okta_app_id
),

-- In use means now.
recent as (
    select
        s.source,
        s.stream,
        s.app_instance_id as okta_app_id,
        s.account_id,
        s.last_at,
        active_days(s.w0, s.w1, s.w2, s.w3, s.w4, s.w5, s.w6, $as_of - 90, $as_of) as sign_in_days_90
    from usage.sign_ins as s
    left anti join mapped as m on m.okta_app_id = s.app_instance_id
    where s.last_at >= cast($as_of - 89 as timestamp)
),

-- In one log an account has one row for an app: rows are counted without keeping millions of accounts in mind.
sign_ins_of_a_log as (
    select
        source,
        stream,
        okta_app_id,
        sum(sign_in_days_90) as sign_in_day_count,
        count(*) as account_count,
        max(cast(last_at as date)) as last_sign_in_on
    from recent
    group by source, stream, okta_app_id
),

apps_of_several_logs as (
    select okta_app_id
    from sign_ins_of_a_log
    group by okta_app_id
    having count(*) > 1
),

accounts_of_several_logs as (
    select r.okta_app_id, count(distinct r.account_id) as account_count
    from recent as r
    inner join apps_of_several_logs as s on s.okta_app_id = r.okta_app_id
    group by r.okta_app_id
),

people_signing_in as (
    select
        l.okta_app_id,
        sum(l.sign_in_day_count) as sign_in_day_count,
        coalesce(max(s.account_count), sum(l.account_count)) as signed_in_account_count,
        max(l.last_sign_in_on) as last_sign_in_on
    from sign_ins_of_a_log as l
    left join accounts_of_several_logs as s on s.okta_app_id = l.okta_app_id
    group by l.okta_app_id
),

okta_apps_in_use as (
    select okta_app_id from people_assigned
    union
    select okta_app_id from people_signing_in
),

labels as (
    select okta_app_id, max(label) as label
    from staging.okta_apps
    group by okta_app_id
),

final as (
    select
        u.okta_app_id,
        l.label,
        coalesce(a.assigned_account_count, 0) as assigned_account_count,
        coalesce(s.signed_in_account_count, 0) as signed_in_account_count,
        coalesce(s.sign_in_day_count, 0) as sign_in_day_count,
        s.last_sign_in_on
    from okta_apps_in_use as u
    left join people_assigned as a on a.okta_app_id = u.okta_app_id
    left join people_signing_in as s on s.okta_app_id = u.okta_app_id
    left join labels as l on l.okta_app_id = u.okta_app_id
)

select okta_app_id, label, assigned_account_count, signed_in_account_count, sign_in_day_count, last_sign_in_on
from final
