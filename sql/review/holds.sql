-- One row per hold and exception somebody asked for, by what it says, wherever it stands: whether it is in force, and
-- whether it ever stopped an action: set on a candidate, or on a day a seat would have been a candidate without it.
with holds_and_exceptions as (
    select 'hold' as kind, app_id, account_id, sku_id_key, effective_from, expires_on, reason_code, file, line
    from core.holds
    union all
    select 'exception' as kind, app_id, account_id, sku_id_key, effective_from, expires_on, reason_code, file, line
    from core.exceptions
),

holds_beside_their_entry as (
    select
        h.kind,
        h.app_id,
        h.account_id,
        h.sku_id_key,
        h.effective_from,
        h.expires_on,
        h.reason_code,
        h.file,
        h.line,
        e.candidate_id,
        coalesce(e.on_behalf_of_key, e.actor_key) as set_by_key,
        -- a released hold ends earlier, and is still the same hold
        case when h.file = 'log' then e.entry_hash else cast(h.expires_on as text) end as mark
    from holds_and_exceptions as h
    left join log.entries as e
        on e.seq = h.line
        and h.file = 'log'
),

-- The same words in two lines are one hold.
holds_once as (
    select
        'h-' || substr(
            sha256(
                kind || '|' || app_id || '|' || pseudonym(account_id) || '|' || sku_id_key
                || '|' || cast(effective_from as text) || '|' || mark
            ), 1, 20
        ) as hold_id,
        kind,
        app_id,
        account_id,
        sku_id_key,
        effective_from,
        max(expires_on) as expires_on,
        min(reason_code) as reason_code,
        min(file || ':' || cast(line as text)) as source_line,
        bool_or(file = 'log') as is_from_log,
        max(candidate_id) as candidate_id,
        max(set_by_key) as set_by_key
    from holds_beside_their_entry
    group by kind, app_id, account_id, sku_id_key, effective_from, mark
),

-- What rules 4 and 5 stop, and the rules after them would have let through to rule 12 or 13.
seats_that_would_be_candidates as (
    select
        app_id,
        account_id,
        sku_id,
        rule
    from policy.verdicts
    where rule in (4, 5)
        and not (rule_06_holds or rule_07_holds or rule_08_holds or rule_09_holds or rule_10_holds or rule_11_holds)
        and (rule_12_holds or rule_13_holds)
),

seats_stopped as (
    select
        h.hold_id,
        count(*) as seat_count
    from holds_once as h
    inner join seats_that_would_be_candidates as v
        on v.app_id = h.app_id
        and v.account_id = h.account_id
    inner join core.seats as s
        on s.app_id = v.app_id
        and s.account_id = v.account_id
        and s.sku_id = v.sku_id
    where s.is_paid
        and h.effective_from <= $as_of
        and $as_of < h.expires_on
        and h.sku_id_key in ('', v.sku_id)
        and v.rule = case h.kind when 'exception' then 4 else 5 end
    group by h.hold_id
),

final as (
    select
        h.hold_id,
        h.kind,
        h.app_id,
        h.account_id,
        nullif(h.sku_id_key, '') as sku_id,
        h.effective_from,
        h.expires_on,
        h.reason_code,
        case
            when h.expires_on <= $as_of then 'expired'
            when h.effective_from > $as_of then 'upcoming'
            else 'active'
        end as state,
        greatest(h.expires_on - $as_of, 0) as days_left,
        h.source_line,
        h.is_from_log,
        h.candidate_id,
        h.set_by_key,
        coalesce(s.seat_count, 0) as stopped_seat_count,
        -- A hold set on a candidate stopped that one from its first day on.
        case
            when h.candidate_id is not null and h.effective_from <= $as_of
                then least(h.effective_from, coalesce(b.first_used_on, h.effective_from))
            when b.first_used_on is not null then b.first_used_on
            when s.hold_id is not null then $as_of
        end as first_used_on
    from holds_once as h
    left join seats_stopped as s on s.hold_id = h.hold_id
    left join earlier.review_holds as b on b.hold_id = h.hold_id
)

select
    hold_id,
    kind,
    app_id,
    account_id,
    sku_id,
    effective_from,
    expires_on,
    reason_code,
    state,
    days_left,
    source_line,
    is_from_log,
    candidate_id,
    set_by_key,
    stopped_seat_count,
    first_used_on,
    first_used_on is not null as was_ever_used
from final
