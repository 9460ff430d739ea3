-- A row is a reason for which seats of an app are held or excepted, and how old, how many and how useful these are.
with lasting as (
    select
        h.app_id,
        h.kind,
        h.reason_code,
        h.state,
        h.was_ever_used,
        h.expires_on,
        $as_of - h.effective_from as age_days,
        h.days_left,
        -- asked for again and again, a departure becomes the rule
        count(*) over (partition by h.kind, h.app_id, h.account_id, coalesce(h.sku_id, '')) as times_asked
    from review.holds as h
),

final as (
    select
        app_id,
        kind,
        reason_code,
        count(*) filter (where state = 'active') as active_count,
        count(*) filter (where state = 'active' and age_days > 90) as active_over_90_days_count,
        count(*) filter (where state = 'active' and age_days > 180) as active_over_180_days_count,
        count(*) filter (where state = 'active' and days_left <= 14) as expiring_in_14_days_count,
        count(*) filter (where state = 'active' and not was_ever_used) as active_never_used_count,
        count(*) filter (where state = 'active' and times_asked > 1) as asked_again_count,
        count(*) filter (where state = 'upcoming') as upcoming_count,
        count(*) filter (where state = 'expired') as expired_count,
        max(age_days) filter (where state = 'active') as oldest_active_days,
        min(expires_on) filter (where state = 'active') as next_expires_on
    from lasting
    group by app_id, kind, reason_code
)

select
    app_id, kind, reason_code, active_count, active_over_90_days_count, active_over_180_days_count,
    expiring_in_14_days_count, active_never_used_count, asked_again_count, upcoming_count, expired_count,
    oldest_active_days, next_expires_on
from final
