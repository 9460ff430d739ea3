-- A row is a clause in force at the as-of date that people keep beside the ITAM feed: of a contract, or of one of its
-- SKUs ('*': the whole contract). Of several versions the newest that has begun speaks.
with contracts_of_the_feed as (
    select contract_id, max(contract_number) as contract_number
    from core.contract_lines
    group by contract_id
),

clauses_that_have_begun as (
    select
        contract.contract_id, clause.sku_id, clause.clause, clause.value, clause.number, clause.day,
        clause.effective_from, clause.reference,
        row_number() over (
            partition by contract.contract_id, clause.sku_id, clause.clause
            order by clause.effective_from desc nulls last
        ) as version_rank
    from seeds.contract_clauses as clause
    inner join contracts_of_the_feed as contract
        on clause.contract_number = coalesce(contract.contract_number, contract.contract_id)
    where clause.effective_from is null or clause.effective_from <= $as_of
),

final as (
    select
        contract_id, coalesce(sku_id, '*') as sku_id, clause, value, number, day, effective_from, reference
    from clauses_that_have_begun
    where version_rank = 1
)

select
    contract_id, sku_id, clause, value, number, day, effective_from, reference
from final
