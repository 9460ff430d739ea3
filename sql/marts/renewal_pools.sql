-- A row is a pool of licences in a contract: one SKU in one currency, all regions together. What was bought, how its
-- seats stand, and how many the renewal needs, every term of the formula a column:   recommended = max(minimum,
-- ceil((base + joiners - leavers) x (1 + buffer))) A pool nobody can judge (no SKU of the catalogue, no seat feed)
-- keeps what was bought.
with lines_of_pools as (
    select
        line.contract_id,
        coalesce(line.app_id, 'none') as app_id,
        coalesce(line.sku_id, line.source_sku_id, 'none') as sku_id,
        coalesce(line.annual_currency, 'XXX') as currency,
        max(line.contract_number) as contract_number,
        max(line.tier) as tier,
        bool_and(line.sku_id is not null) as is_sku_known,
        min(line.renewal_on) as renewal_on,
        sum(line.quantity) as purchased_quantity,
        max(term.licence_metric) as licence_metric,
        max(term.minimum_quantity) as minimum_quantity,
        max(term.next_ramp_quantity) as next_ramp_quantity,
        max(term.next_ramp_on) as next_ramp_on,
        min(line.contract_line_id) as contract_line_id
    from core.contract_lines as line
    inner join core.line_terms as term on line.contract_line_id = term.contract_line_id
    where line.is_in_force and line.line_type not in ('credit', 'refund')
    group by
        line.contract_id, coalesce(line.app_id, 'none'), coalesce(line.sku_id, line.source_sku_id, 'none'),
        coalesce(line.annual_currency, 'XXX')
),

-- a minimum is agreed of the SKU; bought in two currencies, nobody says how much of it is owed in which
currencies_of_skus as (
    select contract_id, sku_id, count(*) as pool_count
    from lines_of_pools
    group by contract_id, sku_id
),

seats_of_pools as (
    select
        contract_id,
        app_id,
        sku_id,
        coalesce(annual_currency, 'XXX') as currency,
        count(*) as assigned_count,
        count(*) filter (where is_active_30) as active_30_count,
        count(*) filter (where is_active_60) as active_60_count,
        count(*) filter (where is_active_90) as active_90_count,
        count(*) filter (where is_never_used) as never_used_count,
        count(*) filter (where verdict = 'keep') as keep_count,
        count(*) filter (where verdict = 'candidate') as candidate_count,
        count(*) filter (where verdict = 'held') as held_count,
        count(*) filter (where verdict = 'grace' and reason = 'on_leave') as on_leave_count,
        count(*) filter (where verdict = 'grace' and reason <> 'on_leave') as other_grace_count,
        count(*) filter (where verdict = 'excepted') as excepted_count,
        count(*) filter (where verdict = 'protected') as protected_count,
        count(*) filter (where verdict = 'review') as review_count,
        count(*) filter (where verdict = 'unknown') as unknown_count,
        count(*) filter (where reason = 'over_tiered') as over_tiered_count,
        count(*) filter (where evidence_grade in ('feature', 'sign_in')) as graded_count,
        count(*) filter (where verdict = 'candidate' and action = 'reclaim') as open_reclaim_count,
        count(*) filter (where verdict = 'candidate' and action = 'downgrade') as open_downgrade_count
    from marts.seat_usage
    where contract_id is not null
    group by contract_id, app_id, sku_id, coalesce(annual_currency, 'XXX')
),

states_of_candidates as (
    select
        contract_id,
        app_id,
        sku_id,
        currency,
        count(*) filter (where is_accepted and action = 'reclaim') as accepted_reclaim_count,
        count(*) filter (where is_accepted and action = 'downgrade') as accepted_downgrade_count
    from marts.renewal_candidates
    group by contract_id, app_id, sku_id, currency
),

-- a downgrade lands in the pool of the target tier of the same contract and currency
downgrades_into_pools as (
    select
        contract_id,
        app_id,
        target_sku_id as sku_id,
        currency,
        count(*) filter (where is_accepted) as accepted_downgrade_in_count,
        count(*) as open_downgrade_in_count
    from marts.renewal_candidates
    where action = 'downgrade' and target_sku_id is not null
    group by contract_id, app_id, target_sku_id, currency
),

people_at_work as (
    select coalesce(practice, 'none') as practice, count(*) as person_count
    from core.persons
    where is_active
    group by coalesce(practice, 'none')
),

joiners as (
    select coalesce(practice, 'none') as practice, next_start_on, count(*) as joiner_count
    from core.persons
    where not is_active and next_start_on > $as_of
    group by coalesce(practice, 'none'), next_start_on
),

holders_of_pools as (
    select
        seat.contract_id, seat.app_id, seat.sku_id, coalesce(seat.annual_currency, 'XXX') as currency,
        coalesce(seat.practice, 'none') as practice, count(*) as holder_count
    from marts.seat_usage as seat
    where seat.contract_id is not null and seat.person_key is not null
    group by
        seat.contract_id, seat.app_id, seat.sku_id, coalesce(seat.annual_currency, 'XXX'),
        coalesce(seat.practice, 'none')
),

-- a joiner needs what their practice holds today: holders per person at work, in ten-thousandths of a seat
joiners_of_pools as (
    select
        pool.contract_id, pool.app_id, pool.sku_id, pool.currency,
        sum(joiner.joiner_count * holder.holder_count * 10000 / people.person_count) as joiner_seats_e4
    from lines_of_pools as pool
    inner join holders_of_pools as holder
        on pool.contract_id = holder.contract_id
        and pool.app_id = holder.app_id
        and pool.sku_id = holder.sku_id
        and pool.currency = holder.currency
    inner join people_at_work as people on holder.practice = people.practice
    inner join joiners as joiner on holder.practice = joiner.practice and joiner.next_start_on <= pool.renewal_on
    group by pool.contract_id, pool.app_id, pool.sku_id, pool.currency
),

leavers_of_pools as (
    select
        seat.contract_id, seat.app_id, seat.sku_id, coalesce(seat.annual_currency, 'XXX') as currency,
        count(*) as leaver_count
    from marts.seat_usage as seat
    inner join core.departures as gone on seat.person_key = gone.person_key
    where
        seat.contract_id is not null and seat.verdict <> 'candidate'
        and (seat.renewal_on is null or gone.leaves_on <= seat.renewal_on)
    group by seat.contract_id, seat.app_id, seat.sku_id, coalesce(seat.annual_currency, 'XXX')
),

-- how the number of people moved over windows as long as it is to the renewal, at most a year, in ten-thousandths
windows_of_contracts as (
    select
        contract_id,
        -- in steps of the fourteen days between two counts
        least(greatest((min(renewal_on) - $as_of + 7) / 14, 1), 26) * 14 as window_days
    from lines_of_pools
    where renewal_on > $as_of
    group by contract_id
),

growth_of_windows as (
    select
        span.contract_id, earlier.day_on,
        (later.person_count - earlier.person_count) * 10000 / earlier.person_count as growth_e4
    from windows_of_contracts as span
    cross join core.headcounts as earlier
    inner join core.headcounts as later on later.day_on = earlier.day_on + span.window_days
),

growth_ranked as (
    select
        contract_id, growth_e4,
        row_number() over (partition by contract_id order by growth_e4, day_on) as place,
        count(*) over (partition by contract_id) as window_count
    from growth_of_windows
),

growth_of_contracts as (
    select
        contract_id,
        max(window_count) as window_count,
        max(growth_e4) filter (where place = (window_count * 50 + 99) / 100) as growth_p50_e4,
        max(growth_e4) filter (where place = (window_count * 80 + 99) / 100) as growth_p80_e4,
        max(growth_e4) filter (where place = (window_count * 95 + 99) / 100) as growth_p95_e4
    from growth_ranked
    group by contract_id
),

days_ranked as (
    select
        app_id, sku_id, active_count,
        row_number() over (partition by app_id, sku_id order by active_count, day_on) as place,
        count(*) over (partition by app_id, sku_id) as day_count
    from core.use_days
),

-- of a licence shared by whoever is at work: the 95th of a hundred days, by nearest rank
busy_days as (
    select app_id, sku_id, max(active_count) filter (where place = (day_count * 95 + 99) / 100) as p95_day_count
    from days_ranked
    group by app_id, sku_id
),

terms as (
    select
        pool.contract_id, pool.contract_number, pool.app_id, pool.sku_id, pool.currency, pool.tier, pool.renewal_on,
        pool.licence_metric, pool.purchased_quantity,
        coalesce(seat.assigned_count, 0) as assigned_count,
        coalesce(seat.active_30_count, 0) as active_30_count,
        coalesce(seat.active_60_count, 0) as active_60_count,
        coalesce(seat.active_90_count, 0) as active_90_count,
        coalesce(seat.never_used_count, 0) as never_used_count,
        coalesce(seat.keep_count, 0) as keep_count,
        coalesce(seat.candidate_count, 0) as candidate_count,
        coalesce(seat.held_count, 0) as held_count,
        coalesce(seat.on_leave_count, 0) as on_leave_count,
        coalesce(seat.other_grace_count, 0) as other_grace_count,
        coalesce(seat.excepted_count, 0) as excepted_count,
        coalesce(seat.protected_count, 0) as protected_count,
        coalesce(seat.review_count, 0) as review_count,
        coalesce(seat.unknown_count, 0) as unknown_count,
        coalesce(seat.over_tiered_count, 0) as over_tiered_count,
        coalesce(seat.graded_count, 0) as graded_count,
        pool.is_sku_known and coalesce(seat.assigned_count, 0) > 0 as is_judged,
        coalesce(state.accepted_reclaim_count, 0) as accepted_reclaim_count,
        coalesce(state.accepted_downgrade_count, 0) as accepted_downgrade_count,
        coalesce(target.accepted_downgrade_in_count, 0) as accepted_downgrade_in_count,
        coalesce(seat.open_reclaim_count, 0) as open_reclaim_count,
        coalesce(seat.open_downgrade_count, 0) as open_downgrade_count,
        coalesce(target.open_downgrade_in_count, 0) as open_downgrade_in_count,
        coalesce(joiner.joiner_seats_e4, 0) as joiner_seats_e4,
        coalesce(leaver.leaver_count, 0) as leaver_count,
        case when sku.pool_count = 1 then pool.minimum_quantity end as minimum_quantity,
        pool.next_ramp_quantity, pool.next_ramp_on, growth.window_count, growth.growth_p50_e4, growth.growth_p80_e4,
        growth.growth_p95_e4,
        case
            when pool.licence_metric = 'concurrent'
                then greatest(
                    coalesce(day.p95_day_count, seat.assigned_count, 0),
                    coalesce(seat.held_count + seat.on_leave_count + seat.excepted_count, 0)
                )
        end as concurrent_count,
        cast(setting.buffer_share * 10000 as bigint) as buffer_e4
    from lines_of_pools as pool
    cross join config.renewal as setting
    inner join currencies_of_skus as sku on pool.contract_id = sku.contract_id and pool.sku_id = sku.sku_id
    left join seats_of_pools as seat
        on pool.contract_id = seat.contract_id
        and pool.app_id = seat.app_id
        and pool.sku_id = seat.sku_id
        and pool.currency = seat.currency
    left join states_of_candidates as state
        on pool.contract_id = state.contract_id
        and pool.app_id = state.app_id
        and pool.sku_id = state.sku_id
        and pool.currency = state.currency
    left join downgrades_into_pools as target
        on pool.contract_id = target.contract_id
        and pool.app_id = target.app_id
        and pool.sku_id = target.sku_id
        and pool.currency = target.currency
    left join joiners_of_pools as joiner
        on pool.contract_id = joiner.contract_id
        and pool.app_id = joiner.app_id
        and pool.sku_id = joiner.sku_id
        and pool.currency = joiner.currency
    left join leavers_of_pools as leaver
        on pool.contract_id = leaver.contract_id
        and pool.app_id = leaver.app_id
        and pool.sku_id = leaver.sku_id
        and pool.currency = leaver.currency
    left join growth_of_contracts as growth on pool.contract_id = growth.contract_id
    left join busy_days as day on pool.app_id = day.app_id and pool.sku_id = day.sku_id
),

bases as (
    select
        *,
        greatest(
            coalesce(
                concurrent_count,
                assigned_count - accepted_reclaim_count - accepted_downgrade_count + accepted_downgrade_in_count
            ), 0
        ) as base_count,
        greatest(
            coalesce(
                concurrent_count,
                assigned_count - greatest(open_reclaim_count, accepted_reclaim_count)
                - greatest(open_downgrade_count, accepted_downgrade_count)
                + greatest(open_downgrade_in_count, accepted_downgrade_in_count)
            ), 0
        ) as high_base_count
    from terms
),

needs as (
    select
        *,
        -- ten-thousandths of a seat, so that nothing is rounded before the one rounding up
        greatest(base_count * 10000 + joiner_seats_e4 - leaver_count * 10000, 0) as need_e4,
        greatest(high_base_count * 10000 + joiner_seats_e4 - leaver_count * 10000, 0) as high_need_e4,
        base_count * (10000 + coalesce(growth_p50_e4, 0)) as need_p50_e4,
        base_count * (10000 + coalesce(growth_p80_e4, 0)) as need_p80_e4,
        base_count * (10000 + coalesce(growth_p95_e4, 0)) as need_p95_e4
    from bases
),

final as (
    select
        need.contract_id, need.contract_number, need.app_id, coalesce(app.name, need.app_id) as app_name, need.sku_id,
        need.tier, coalesce(sku.tier_rank, 0) as tier_rank, need.currency, need.renewal_on, need.licence_metric,
        need.purchased_quantity, need.assigned_count,
        need.purchased_quantity - need.assigned_count as unassigned_quantity,
        need.active_30_count, need.active_60_count, need.active_90_count, need.never_used_count, need.keep_count,
        need.candidate_count, need.held_count, need.on_leave_count, need.other_grace_count, need.excepted_count,
        need.protected_count, need.review_count, need.unknown_count, need.over_tiered_count, need.graded_count,
        cast(
            cast(need.active_90_count as decimal(18, 6))
            / nullif(cast(need.purchased_quantity as decimal(18, 6)), cast(0 as decimal(18, 6)))
        as decimal(12, 6)) as utilisation_ratio,
        need.is_judged, need.accepted_reclaim_count, need.accepted_downgrade_count, need.accepted_downgrade_in_count,
        need.open_reclaim_count, need.open_downgrade_count, need.open_downgrade_in_count, need.concurrent_count,
        need.base_count, need.high_base_count,
        cast(cast(need.joiner_seats_e4 as decimal(18, 4)) / 10000 as decimal(18, 4)) as joiner_seats,
        need.leaver_count, need.window_count,
        cast(cast(need.growth_p50_e4 as decimal(18, 4)) / 10000 as decimal(12, 6)) as growth_p50_share,
        cast(cast(need.growth_p80_e4 as decimal(18, 4)) / 10000 as decimal(12, 6)) as growth_p80_share,
        cast(cast(need.growth_p95_e4 as decimal(18, 4)) / 10000 as decimal(12, 6)) as growth_p95_share,
        (need.need_p50_e4 + 9999) / 10000 as need_p50_count,
        (need.need_p80_e4 + 9999) / 10000 as need_p80_count,
        (need.need_p95_e4 + 9999) / 10000 as need_p95_count,
        cast(cast(need.buffer_e4 as decimal(18, 4)) / 10000 as decimal(9, 4)) as buffer_share,
        need.minimum_quantity, need.next_ramp_quantity, need.next_ramp_on,
        case
            when not need.is_judged then need.purchased_quantity
            else greatest(
                coalesce(need.minimum_quantity, 0),
                (greatest(need.need_e4, need.need_p95_e4) * (10000 + need.buffer_e4) + 99999999) / 100000000
            )
        end as low_saving_quantity,
        case
            when not need.is_judged then need.purchased_quantity
            else greatest(
                coalesce(need.minimum_quantity, 0),
                (need.need_e4 * (10000 + need.buffer_e4) + 99999999) / 100000000
            )
        end as recommended_quantity,
        case
            when not need.is_judged then need.purchased_quantity
            else greatest(
                coalesce(need.minimum_quantity, 0),
                (need.high_need_e4 * (10000 + need.buffer_e4) + 99999999) / 100000000
            )
        end as high_saving_quantity
    from needs as need
    left join core.apps as app on need.app_id = app.app_id
    left join core.skus as sku on need.app_id = sku.app_id and need.sku_id = sku.sku_id
)

select
    contract_id, contract_number, app_id, app_name, sku_id, tier, tier_rank, currency, renewal_on, licence_metric,
    purchased_quantity, assigned_count, unassigned_quantity, active_30_count, active_60_count, active_90_count,
    never_used_count, keep_count, candidate_count, held_count, on_leave_count, other_grace_count, excepted_count,
    protected_count, review_count, unknown_count, over_tiered_count, graded_count, utilisation_ratio, is_judged,
    accepted_reclaim_count, accepted_downgrade_count, accepted_downgrade_in_count, open_reclaim_count,
    open_downgrade_count, open_downgrade_in_count, concurrent_count, base_count, high_base_count, joiner_seats,
    leaver_count, window_count, growth_p50_share, growth_p80_share, growth_p95_share, need_p50_count, need_p80_count,
    need_p95_count, buffer_share, minimum_quantity, next_ramp_quantity, next_ramp_on, low_saving_quantity,
    recommended_quantity, high_saving_quantity
from final
