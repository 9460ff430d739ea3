-- A row is a day, every fourteenth of two years up to the as-of date: how many people were at work. What growth is
-- judged by when a renewal is sized.
with steps as (
    select tens.n * 9 + ones.n as step
    from (values (0), (1), (2), (3), (4), (5)) as tens (n)
    cross join (values (0), (1), (2), (3), (4), (5), (6), (7), (8)) as ones (n)
),

days as (
    select $as_of - 14 * step as day_on
    from steps
    where step <= 52
),

final as (
    -- few days, so each meets every spell
    select day.day_on, count(distinct spell.person_key) as person_count
    from days as day
    cross join core.employment_spells as spell
    where spell.effective_from <= day.day_on and (spell.effective_to is null or day.day_on < spell.effective_to)
    group by day.day_on
)

select
    day_on, person_count
from final
