-- One row per account, feature, day and feed of use inside the product, up to the as-of date, of the days that some
-- window may ask for.
with use_of_accounts as (
    select
        named.app_id, named.account_id, event.feature, event.used_on, event.source, event.stream, event.uses,
        event.landing, event.is_report
    from staging.feature_events as event
    inner join core.activity_accounts as named
        on
            event.source = named.source and event.stream = named.stream and event.account_ref = named.account_ref
    where event.used_on <= $as_of and event.uses > 0
),

-- two names of one account: events add up, a report says the same twice
final as (
    select
        app_id, account_id, feature, used_on, source, stream,
        case when bool_or(is_report) then max(uses) else sum(uses) end as uses, max(landing) as landing
    from use_of_accounts
    group by app_id, account_id, feature, used_on, source, stream
)

select app_id, account_id, feature, used_on, source, stream, uses, landing
from final
