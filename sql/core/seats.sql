-- One row per seat: an account holding one SKU of an application in the newest assignment feed, whatever the number of
-- grants behind it. Assigned on the earliest known grant, else when the present unbroken run of landings began.
with grants as (
    select
        sku.app_id, given.account_id, sku.sku_id, sku.is_sku_known, given.assigned_via, given.assigned_on,
        given.ends_on, given.source, given.stream, given.landing
    from staging.vendor_seats as given
    inner join core.source_skus as sku
        on
            given.source = sku.source and given.stream = sku.stream and given.source_sku_key = sku.source_sku_key
            and sku.okta_app_id = ''
    -- a pending cancellation is a paid seat until its date
    where given.ends_on is null or given.ends_on > $as_of
    union all
    select
        sku.app_id, given.account_id, sku.sku_id, sku.is_sku_known, given.assigned_via, given.assigned_on,
        cast(null as date) as ends_on, given.source, given.stream, given.landing
    from staging.okta_seats as given
    inner join core.source_skus as sku
        on
            given.source = sku.source and given.stream = sku.stream and given.okta_app_id = sku.okta_app_id
            and coalesce(given.source_sku_id, '') = sku.source_sku_key
),

grant_paths as (
    select
        app_id, account_id, sku_id, assigned_via, bool_and(is_sku_known) as is_sku_known,
        min(assigned_on) as assigned_on, case when count(ends_on) = count(*) then max(ends_on) end as ends_on,
        min(source) as source, min(stream) as stream, max(landing) as landing
    from grants
    group by app_id, account_id, sku_id, assigned_via
),

seats_of_any_number_of_paths as (
    select
        app_id, account_id, sku_id, bool_and(is_sku_known) as is_sku_known, min(assigned_on) as assigned_on,
        -- the seat ends only when each of its paths does
        case when count(ends_on) = count(*) then max(ends_on) end as ends_on,
        count(*) as path_count, min(assigned_via) as first_path, bool_or(assigned_via <> 'direct') as is_group_granted,
        min(source) as source, min(stream) as stream, max(landing) as landing
    from grant_paths
    group by app_id, account_id, sku_id
),

-- most seats have one path, and an ordered aggregate is slow: only the others are joined up
paths_of_seats_with_several as (
    select
        path.app_id, path.account_id, path.sku_id,
        string_agg(path.assigned_via, '|' order by path.assigned_via) as paths
    from grant_paths as path
    inner join seats_of_any_number_of_paths as seat
        on
            path.app_id = seat.app_id and path.account_id = seat.account_id and path.sku_id = seat.sku_id
            and seat.path_count > 1
    group by path.app_id, path.account_id, path.sku_id
),

-- a SKU that the source names in several ways stands as long as one of them does
runs_of_seats as (
    select
        sku.app_id, run.account_id, sku.sku_id, run.source, run.stream, run.first_ordinal, run.last_ordinal,
        run.first_seen_on
    from staging.seat_runs as run
    inner join core.source_skus as sku
        on
            run.source = sku.source and run.stream = sku.stream and run.okta_app_id = sku.okta_app_id
            and run.source_sku_key = sku.source_sku_key
),

runs_beside_how_far_earlier_ones_reach as (
    select
        app_id, account_id, sku_id, source, stream, first_ordinal, first_seen_on,
        -- a range frame takes all runs that begin together alike, so their order does not matter
        max(last_ordinal) over (
            partition by app_id, account_id, sku_id, source, stream
            order by first_ordinal
            range between unbounded preceding and 1 preceding
        ) as reached_ordinal
    from runs_of_seats
),

-- of the runs that no earlier one leads into, the newest is the present one
first_days_by_feed as (
    select app_id, account_id, sku_id, source, stream, max(first_seen_on) as first_seen_on
    from runs_beside_how_far_earlier_ones_reach
    where reached_ordinal is null or reached_ordinal < first_ordinal - 1
    group by app_id, account_id, sku_id, source, stream
),

first_days_of_present_runs as (
    select app_id, account_id, sku_id, min(first_seen_on) as first_seen_on
    from first_days_by_feed
    group by app_id, account_id, sku_id
),

final as (
    select
        seat.app_id, seat.account_id, seat.sku_id, sku.tier, sku.tier_rank,
        -- what nobody priced as free is paid
        coalesce(sku.is_paid, true) as is_paid, seat.is_sku_known,
        coalesce(seat.assigned_on, run.first_seen_on, $as_of) as assigned_on,
        seat.assigned_on is null as assigned_on_is_observed, coalesce(run.first_seen_on, $as_of) as first_seen_on,
        seat.ends_on, coalesce(several.paths, seat.first_path) as grant_paths, seat.is_group_granted,
        identity.person_key,
        coalesce(identity.match_rule, 'none') as match_rule, coalesce(identity.is_ambiguous, false) as is_ambiguous,
        account.account_type, account.email as account_email, account.user_name as account_user_name,
        coalesce(identity.okta_account_id, case when app.is_okta_assigned then seat.account_id end) as okta_account_id,
        seat.source, seat.stream, seat.landing
    from seats_of_any_number_of_paths as seat
    inner join core.apps as app on seat.app_id = app.app_id
    left join paths_of_seats_with_several as several
        on seat.app_id = several.app_id and seat.account_id = several.account_id and seat.sku_id = several.sku_id
    left join core.skus as sku on seat.app_id = sku.app_id and seat.sku_id = sku.sku_id
    left join first_days_of_present_runs as run
        on seat.app_id = run.app_id and seat.account_id = run.account_id and seat.sku_id = run.sku_id
    left join core.identity_crosswalk as identity
        on seat.app_id = identity.system and seat.account_id = identity.account_id
    left join core.accounts as account
        on seat.app_id = account.system and seat.account_id = account.account_id
)

select
    app_id, account_id, sku_id, tier, tier_rank, is_paid, is_sku_known, assigned_on, assigned_on_is_observed,
    first_seen_on, ends_on, grant_paths, is_group_granted, person_key, match_rule, is_ambiguous, account_type,
    account_email, account_user_name, okta_account_id, source, stream, landing
from final
