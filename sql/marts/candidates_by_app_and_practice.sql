-- A row is a count of candidates: one app, the practice of the holders ('none' without one) and one action.
with candidates_with_the_practice_of_their_holder as (
    select
        k.app_id,
        coalesce(p.practice, 'none') as practice,
        k.action,
        k.person_key,
        k.annual_saving_amount,
        k.is_cash_releasing
    from policy.candidates as k
    left join core.persons as p on p.person_key = k.person_key
),

candidates_counted as (
    select
        app_id,
        practice,
        action,
        count(*) as candidate_count,
        count(distinct person_key) as person_count,
        coalesce(sum(annual_saving_amount), 0) as annual_saving_amount,
        coalesce(sum(annual_saving_amount) filter (where is_cash_releasing), 0) as cash_releasing_saving_amount,
        count(*) filter (where annual_saving_amount is null) as unpriced_candidate_count
    from candidates_with_the_practice_of_their_holder
    group by app_id, practice, action
),

final as (
    select
        k.app_id,
        k.practice,
        k.action,
        k.candidate_count,
        k.person_count,
        k.annual_saving_amount,
        k.cash_releasing_saving_amount,
        c.reporting_currency,
        k.unpriced_candidate_count
    from candidates_counted as k
    cross join config.project as c
)

select
    app_id, practice, action, candidate_count, person_count, annual_saving_amount, cash_releasing_saving_amount,
    reporting_currency, unpriced_candidate_count
from final
