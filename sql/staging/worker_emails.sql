-- One work e-mail address one worker id ever had, with the days it was valid, from every complete landing of the HR
-- feeds up to the as-of date. An address that returns after another keeps its first day.
with spellings_beside_the_worker_s_first_landing as (
    select
        source,
        worker_id,
        email,
        first_seen_on,
        stated_from,
        spell_start_on,
        max(person_id) over (partition by source, worker_id) as person_id,
        min(first_seen_on) over (partition by source, worker_id) as worker_first_seen_on
    from staging.worker_addresses
),

begin_of_each_address as (
    -- what the first landing of a worker shows has been there since the spell began; what a later one shows is new
    select
        source,
        worker_id,
        person_id,
        fold_text(email) as email_folded,
        min(
            coalesce(
                stated_from, case when first_seen_on = worker_first_seen_on then spell_start_on else first_seen_on end
            )
        ) as valid_from
    from spellings_beside_the_worker_s_first_landing
    where fold_text(email) is not null
    group by source, worker_id, person_id, fold_text(email)
),

final as (
    select
        email_folded,
        worker_id,
        person_id,
        source,
        valid_from,
        -- a range frame takes all addresses of a day alike, so their order does not matter
        min(valid_from) over (
            partition by source, worker_id
            order by valid_from
            range between interval '1 day' following and unbounded following
        ) as valid_to
    from begin_of_each_address
)

select email_folded, worker_id, person_id, source, valid_from, valid_to
from final
