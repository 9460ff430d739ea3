-- One row per seat: what every collected source says of its holder's SSO sign-ins and feature use up to the as-of date.
-- Sign-ins are those of the Okta user linked by SSO subject and of every Okta account of the matched person.
with app_feeds as (
    select
        needed.app_id,
        bool_or(needed.need = 'sign_in') as sign_in_collected,
        min(case when needed.need = 'sign_in' then status.complete_through end) as sign_in_complete_through,
        max(case when needed.need = 'sign_in' then status.first_collected_on end) as sign_in_reaches_back_on,
        -- an Okta log that never landed reaches back to no day
        bool_and(needed.need <> 'sign_in' or status.has_landed) as has_every_sign_in_log,
        min(case when needed.need = 'feature_use' then status.complete_through end) as feature_complete_through,
        sum(case when needed.need = 'feature_use' then 1 else 0 end) as feature_source_count
    from core.app_sources as needed
    inner join core.source_status as status on needed.source = status.source and needed.stream = status.stream
    group by needed.app_id
),

okta_accounts_of_persons as (
    select person_key, account_id as okta_account_id
    from core.identity_crosswalk
    where system = 'okta' and person_key is not null and not is_ambiguous
),

holders as (
    select app_id, account_id, max(person_key) as person_key, max(okta_account_id) as okta_account_id
    from core.seats
    group by app_id, account_id
),

okta_users_of_holders as (
    select app_id, account_id, okta_account_id
    from holders
    where okta_account_id is not null
    union
    select holder.app_id, holder.account_id, linked.okta_account_id
    from holders as holder
    inner join okta_accounts_of_persons as linked on holder.person_key = linked.person_key
),

-- Rolled up while the log was read: the newest sign-in, and the days of 13 months as bits. A day with two Okta accounts
-- of one person is one day.
sign_ins_of_holders as (
    select
        linked.app_id, linked.account_id, max(used.last_at) as last_sign_in_at,
        cast(max(used.last_at) as date) as last_sign_in_on,
        -- the landing of the newest day: day and landing in one number, since a plain maximum is cheap
        max(used.source) || '/' || max(used.stream) || '@'
        || cast(
            max((cast(used.last_at as date) - date '1970-01-01') * 1000000000 + used.landing) % 1000000000 as varchar
        ) as last_sign_in_ref,
        bit_or(used.w0) as w0, bit_or(used.w1) as w1, bit_or(used.w2) as w2, bit_or(used.w3) as w3,
        bit_or(used.w4) as w4, bit_or(used.w5) as w5, bit_or(used.w6) as w6
    from okta_users_of_holders as linked
    left join seeds.app_okta_ids as instance on linked.app_id = instance.app_id
    left join usage.sign_ins as used
        on instance.okta_app_id = used.app_instance_id and linked.okta_account_id = used.account_id
    group by linked.app_id, linked.account_id
),

observed_use as (
    select
        app_id, account_id, max(last_activity_on) as last_feature_use_on,
        substr(
            max(cast(last_activity_on as varchar) || ' ' || source || '/' || stream || '@' || cast(landing as varchar)),
            12
        ) as last_feature_use_ref,
        max(bound_on) as feature_bound_on, bool_or(is_listed) as is_feature_covered,
        sum(case when is_listed then 1 else 0 end) as covering_source_count,
        max(case when is_listed then reaches_back_on end) as feature_reaches_back_on
    from core.feature_observations
    group by app_id, account_id
),

-- report counters repeat a period, so of them the largest stands
recent_uses_by_feature as (
    select
        used.app_id, used.account_id, used.source, used.stream, used.feature,
        case when max(status.feed) = 'full' then max(used.uses) else sum(used.uses) end as uses
    from core.feature_use as used
    left join app_feeds as feed on used.app_id = feed.app_id
    left join core.source_status as status on used.source = status.source and used.stream = status.stream
    where used.used_on > coalesce(feed.feature_complete_through, $as_of) - 90
    group by used.app_id, used.account_id, used.source, used.stream, used.feature
),

recent_uses as (
    select app_id, account_id, sum(uses) as feature_uses_90
    from recent_uses_by_feature
    group by app_id, account_id
),

final as (
    select
        seat.app_id, seat.account_id, seat.sku_id, signed.last_sign_in_at, signed.last_sign_in_on,
        signed.last_sign_in_ref, used.last_feature_use_on,
        used.last_feature_use_ref, used.feature_bound_on,
        coalesce(
            active_days(
                signed.w0, signed.w1, signed.w2, signed.w3, signed.w4, signed.w5, signed.w6,
                coalesce(feed.sign_in_complete_through, $as_of) - 30, $as_of
            ), 0
        ) as sign_in_days_30,
        coalesce(
            active_days(
                signed.w0, signed.w1, signed.w2, signed.w3, signed.w4, signed.w5, signed.w6,
                coalesce(feed.sign_in_complete_through, $as_of) - 90, $as_of
            ), 0
        ) as sign_in_days_90,
        coalesce(counted.feature_uses_90, 0) as feature_uses_90,
        coalesce(used.is_feature_covered, false) as is_feature_covered,
        coalesce(feed.sign_in_collected, false) and signed.app_id is not null as is_sign_in_covered,
        -- all have to reach back, so the one that reaches least far tells
        case
            when used.covering_source_count = feed.feature_source_count then used.feature_reaches_back_on
        end as feature_reaches_back_on,
        case
            when feed.sign_in_collected and feed.has_every_sign_in_log and signed.app_id is not null
                then feed.sign_in_reaches_back_on
        end as sign_in_reaches_back_on
    from core.seats as seat
    left join app_feeds as feed on seat.app_id = feed.app_id
    left join sign_ins_of_holders as signed on seat.app_id = signed.app_id and seat.account_id = signed.account_id
    left join observed_use as used on seat.app_id = used.app_id and seat.account_id = used.account_id
    left join recent_uses as counted on seat.app_id = counted.app_id and seat.account_id = counted.account_id
)

select
    app_id, account_id, sku_id, last_sign_in_at, last_sign_in_on, last_sign_in_ref, last_feature_use_on,
    last_feature_use_ref, feature_bound_on, sign_in_days_30, sign_in_days_90, feature_uses_90, is_feature_covered,
    is_sign_in_covered, feature_reaches_back_on, sign_in_reaches_back_on
from final
