-- A row is a reclaimed seat that its holder was granted again: the app and SKU of an action carried out within 396
-- days, now held by the same account or person, under a grant that began after it.
with seats_taken_away as (
    select
        candidate_id,
        app_id,
        account_id,
        sku_id,
        person_key,
        executed_on,
        reason,
        policy_version_id,
        ticket,
        annual_saving_amount,
        annual_saving_currency
    from review.candidates
    where action in ('reclaim', 'suspend')
        and state in ('executed', 'verified', 'reopened')
        and executed_on is not null
),

grants_since as (
    select
        t.candidate_id,
        s.account_id,
        s.first_seen_on
    from seats_taken_away as t
    inner join core.seats as s
        on s.app_id = t.app_id
        and s.account_id = t.account_id
        and s.sku_id = t.sku_id
    where s.first_seen_on > t.executed_on
    union
    select
        t.candidate_id,
        s.account_id,
        s.first_seen_on
    from seats_taken_away as t
    inner join core.seats as s
        on s.app_id = t.app_id
        and s.person_key = t.person_key
        and s.sku_id = t.sku_id
    where s.first_seen_on > t.executed_on
),

earliest_grants as (
    select
        candidate_id,
        min(first_seen_on) as granted_again_on,
        min(account_id) as account_id
    from grants_since
    group by candidate_id
),

final as (
    select
        t.candidate_id,
        t.app_id,
        g.account_id,
        t.sku_id,
        t.person_key,
        t.executed_on,
        g.granted_again_on,
        g.granted_again_on - t.executed_on as days_without,
        t.reason,
        t.policy_version_id,
        t.ticket,
        t.annual_saving_amount,
        t.annual_saving_currency
    from seats_taken_away as t
    inner join earliest_grants as g on g.candidate_id = t.candidate_id
)

select
    candidate_id, app_id, account_id, sku_id, person_key, executed_on, granted_again_on, days_without, reason,
    policy_version_id, ticket, annual_saving_amount, annual_saving_currency
from final
