-- A row is a person whose last day is known and still to come: every spell they have ends after the as-of date.
with final as (
    select person_key, max(effective_to) as leaves_on
    from core.employment_spells
    group by person_key
    having
        bool_and(effective_to is not null) and bool_or(is_active) and max(effective_to) > $as_of
)

select
    person_key, leaves_on
from final
