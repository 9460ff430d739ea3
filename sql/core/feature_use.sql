-- One row per account, feature, day and feed of use inside the product, up to the as-of date.
with use_of_accounts as (
    select
        named.app_id, named.account_id, event.feature, event.used_on, event.source, event.stream, event.uses,
        event.landing
    from staging.feature_events as event
    inner join core.activity_accounts as named
        on
            event.source = named.source and event.stream = named.stream and event.account_ref = named.account_ref
    where event.used_on <= $as_of and event.uses > 0
),

report_streams as (
    select distinct source, stream
    from audit.landings
    where feed = 'full'
),

-- two names of one account: events add up, a report says the same twice
final as (
    select
        used.app_id, used.account_id, used.feature, used.used_on, used.source, used.stream,
        case when max(report.source) is null then sum(used.uses) else max(used.uses) end as uses,
        max(used.landing) as landing
    from use_of_accounts as used
    left join report_streams as report on used.source = report.source and used.stream = report.stream
    group by used.app_id, used.account_id, used.feature, used.used_on, used.source, used.stream
)

select app_id, account_id, feature, used_on, source, stream, uses, landing
from final
