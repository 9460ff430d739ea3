-- One work e-mail address a person ever had; also of workers the HR feeds no longer tell of, since an address passed on
-- stays ambiguous.
with addresses_of_each_worker as (
    select
        e.email_folded,
        coalesce(w.person_key, e.person_id, e.worker_id) as person_key,
        e.valid_from,
        e.valid_to
    from staging.worker_emails as e
    left join core.workers as w on e.worker_id = w.worker_id
),

final as (
    select
        email_folded,
        person_key,
        min(valid_from) as valid_from,
        -- current as long as one of the person's worker ids still has it
        case when count(valid_to) = count(*) then max(valid_to) end as valid_to
    from addresses_of_each_worker
    group by email_folded, person_key
)

select email_folded, person_key, valid_from, valid_to
from final
