-- A row is a step on the way to a renewal, counted back from its day.
with steps as (
    select days_before, title
    from (
        values
        (180, 'collect use, clauses and owner'), (120, 'agree the need with the app owner'),
        (90, 'review price and terms'), (60, 'negotiate'), (45, 'decide and approve'), (30, 'sign')
    ) as named (days_before, title)
),

final as (
    select
        contract.contract_id, contract.contract_number, contract.vendor, step.days_before, step.title,
        contract.renewal_on - step.days_before as due_on,
        contract.renewal_on - step.days_before - $as_of as days_left,
        case
            when contract.renewal_on - step.days_before < $as_of then 'past'
            when contract.renewal_on - step.days_before <= $as_of + 30 then 'due'
            else 'later'
        end as state
    from core.contracts as contract
    cross join steps as step
    where contract.renewal_on is not null
)

select
    contract_id, contract_number, vendor, days_before, title, due_on, days_left, state
from final
