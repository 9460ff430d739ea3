-- One cost center, with the person who owns it where the owner's e-mail names exactly one.
with cost_centers_named_once as (
    select
        cost_center_id,
        first_value(code order by source) as code,
        first_value(name order by source) as name,
        first_value(owner_email order by source) as owner_email,
        first_value(parent_id order by source) as parent_id,
        min(source) as source,
        first_value(landing order by source) as landing
    from staging.cost_centers
    group by cost_center_id
),

addresses_of_exactly_one_person as (
    select email_folded, max(person_key) as person_key
    from core.person_emails
    where valid_from <= $as_of
    group by email_folded
    having count(*) = 1
),

final as (
    select
        c.cost_center_id,
        c.code,
        c.name,
        c.owner_email,
        p.person_key as owner_person_key,
        c.parent_id,
        c.source,
        c.landing
    from cost_centers_named_once as c
    left join addresses_of_exactly_one_person as a on fold_text(c.owner_email) = a.email_folded
    left join core.persons as p on a.person_key = p.person_key
)

select cost_center_id, code, name, owner_email, owner_person_key, parent_id, source, landing
from final
