-- One row per candidate whose action went out: whether the seat is gone from a feed extracted after that day, and
-- whether its person was active in the app since. What follows: `removed` (it is verified, whether or not the desk said
-- that it was done), `still_assigned` seven days after it was, and `active_again` (these reopen what is not verified).
with carried_out as (
    select
        e.candidate_id,
        e.app_id,
        e.account_id,
        e.sku_id,
        e.person_key,
        e.action,
        s.state,
        s.state_reason,
        s.state_on,
        s.executed_on,
        coalesce(s.executed_on, cast(s.exported_at as date), s.state_on) as acted_on,
        case
            when s.state = 'executed' then s.executed_on
            when s.state = 'verified' then coalesce(case when b.state = 'verified' then b.state_on end, s.state_on)
            when s.state = 'reopened' then s.state_on
        end as quiet_after,
        b.regranted_on is not null as was_granted_again
    from review.evidence as e
    inner join review.states as s on s.candidate_id = e.candidate_id
    left join earlier.review_candidates as b on b.candidate_id = e.candidate_id
    where s.state in ('exported', 'executed', 'verified', 'reopened')
),

feeds_of_apps as (
    select
        a.app_id,
        f.newest_extract_date as fed_on
    from core.apps as a
    inner join core.source_status as f on f.source = a.assignment_source and f.stream = a.assignment_stream
    where not f.is_partial
),

seats_of_accounts as (
    select
        c.candidate_id,
        bool_or(s.sku_id = c.sku_id) as has_the_seat,
        bool_or(s.sku_id <> c.sku_id) as has_another_seat
    from carried_out as c
    inner join core.seats as s
        on s.app_id = c.app_id
        and s.account_id = c.account_id
    group by c.candidate_id
),

other_seats_of_persons as (
    select distinct c.candidate_id
    from carried_out as c
    inner join core.seats as s
        on s.app_id = c.app_id
        and s.person_key = c.person_key
    where s.account_id <> c.account_id
),

okta_accounts_of_holders as (
    select
        c.candidate_id,
        c.app_id,
        c.account_id as okta_account_id
    from carried_out as c
    inner join core.apps as a on a.app_id = c.app_id
    where a.is_okta_assigned
    union
    select
        c.candidate_id,
        c.app_id,
        i.account_id as okta_account_id
    from carried_out as c
    inner join core.identity_crosswalk as i on i.person_key = c.person_key
    where i.system = 'okta'
),

sign_ins_of_holders as (
    select
        h.candidate_id,
        max(u.last_sign_in_on) as last_sign_in_on
    from okta_accounts_of_holders as h
    inner join core.app_sign_ins as u
        on u.app_id = h.app_id
        and u.okta_account_id = h.okta_account_id
    group by h.candidate_id
),

feature_use_of_accounts as (
    select
        c.candidate_id,
        max(o.last_activity_on) as last_feature_use_on
    from carried_out as c
    inner join core.feature_observations as o
        on o.app_id = c.app_id
        and o.account_id = c.account_id
    group by c.candidate_id
),

carried_out_beside_what_is_seen as (
    select
        c.candidate_id,
        c.state,
        c.state_reason,
        c.state_on,
        c.executed_on,
        c.acted_on,
        c.was_granted_again,
        f.fed_on,
        coalesce(s.has_the_seat, false) as has_the_seat,
        -- A suspended account keeps its seat; it is done when nobody can use it.
        coalesce(f.fed_on > c.acted_on, false)
        and (not coalesce(s.has_the_seat, false) or (c.action = 'suspend' and not coalesce(a.is_active, true)))
            as is_done,
        -- Use says nothing of a downgrade, nor of one who holds another seat of the app.
        c.action <> 'downgrade'
        and not coalesce(s.has_another_seat, false)
        and o.candidate_id is null
        and coalesce(greatest(i.last_sign_in_on, u.last_feature_use_on) > c.quiet_after, false) as is_active_again,
        greatest(i.last_sign_in_on, u.last_feature_use_on) as last_use_on
    from carried_out as c
    left join feeds_of_apps as f on f.app_id = c.app_id
    left join seats_of_accounts as s on s.candidate_id = c.candidate_id
    left join other_seats_of_persons as o on o.candidate_id = c.candidate_id
    left join core.accounts as a
        on a.system = c.app_id
        and a.account_id = c.account_id
    left join sign_ins_of_holders as i on i.candidate_id = c.candidate_id
    left join feature_use_of_accounts as u on u.candidate_id = c.candidate_id
),

final as (
    select
        candidate_id,
        state,
        acted_on,
        fed_on,
        has_the_seat,
        last_use_on,
        case
            when state = 'executed' and is_active_again then 'active_again'
            when state in ('exported', 'executed') and is_done then 'removed'
            when state = 'executed' and fed_on >= executed_on + 7 then 'still_assigned'
            -- a seat that stands again was granted again: see marts.boomerang_seats
            when state = 'verified' and not has_the_seat and not was_granted_again and is_active_again
                and last_use_on > $as_of - 30 then 'active_again'
            when state = 'reopened' and is_done and not is_active_again
                and (state_reason <> 'active_again' or $as_of >= state_on + 7) then 'removed'
        end as outcome
    from carried_out_beside_what_is_seen
)

select
    candidate_id,
    state,
    acted_on,
    fed_on,
    has_the_seat,
    last_use_on,
    outcome
from final
