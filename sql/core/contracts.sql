-- A row is a contract in force with its clauses: from the ITAM feed, else from the seed. A clause nobody states is
-- null; nothing is assumed.
with lines_of_contracts as (
    select
        contract_id,
        max(contract_number) as contract_number,
        max(vendor) as vendor,
        string_agg(distinct app_id, '|' order by app_id) as app_ids,
        max(owner_email) as owner_email,
        max(cost_center_id) as cost_center_id,
        max(po_number) as po_number,
        min(term_from) as term_from,
        max(term_to) as term_to,
        -- lines that renew apart: the earliest date is the one that must not be missed
        min(renewal_on) as renewal_on,
        max(notice_days) as notice_days,
        min(notice_on) as notice_on,
        bool_or(is_auto_renew) as is_auto_renew,
        max(uplift_percent) as uplift_percent,
        bool_or(has_true_up) as has_true_up,
        bool_or(has_true_down) as has_true_down,
        min(true_down_on) as true_down_on,
        count(distinct annual_currency) as currency_count,
        max(annual_currency) as currency
    from core.contract_lines
    where is_in_force
    group by contract_id
),

clauses_of_whole_contracts as (
    select
        clause.contract_id,
        max(clause.value) filter (where clause.clause = 'ai_terms') as ai_terms,
        max(clause.value) filter (where clause.clause = 'billing') as billing,
        max(clause.value) filter (where clause.clause = 'fx_clause') as fx_clause,
        max(clause.value) filter (where clause.clause = 'notice_method') as notice_method,
        max(clause.value) filter (where clause.clause = 'paying_entity') as paying_entity,
        max(clause.value) filter (where clause.clause = 'price_hold') as price_hold,
        max(clause.value) filter (where clause.clause = 'proration') as proration,
        max(clause.value) filter (where clause.clause = 'true_up_frequency') as true_up_frequency,
        max(clause.value) filter (where clause.clause = 'true_up_measure') as true_up_measure,
        max(clause.value) filter (where clause.clause = 'true_up_price') as true_up_price,
        max(clause.value) filter (where clause.clause = 'uplift_basis') as uplift_basis,
        max(clause.value) filter (where clause.clause = 'zone') as zone,
        max(clause.number) filter (where clause.clause = 'fx_rate') as fx_rate,
        max(clause.number) filter (where clause.clause = 'payment_terms_days') as payment_terms_days,
        max(clause.number) filter (where clause.clause = 'renewal_term_months') as renewal_term_months,
        max(clause.number) filter (where clause.clause = 'term_discount_percent') as term_discount_percent,
        max(clause.number) filter (where clause.clause = 'true_up_grace_percent') as true_up_grace_percent,
        max(clause.number) filter (where clause.clause = 'uplift_cap_percent') as uplift_cap_percent,
        max(clause.number) filter (where clause.clause = 'uplift_percent') as seed_uplift_percent,
        max(clause.day) filter (where clause.clause = 'co_term_on') as co_term_on
    from core.contract_clauses as clause
    where clause.sku_id = '*'
    group by clause.contract_id
),

final as (
    select
        line.contract_id, line.contract_number, line.vendor, line.app_ids, line.owner_email, line.cost_center_id,
        line.po_number, clause.paying_entity, line.term_from, line.term_to, line.renewal_on, line.notice_days,
        clause.notice_method, clause.zone, line.notice_on, line.is_auto_renew, clause.uplift_basis,
        coalesce(line.uplift_percent, cast(clause.seed_uplift_percent as decimal(9, 4))) as uplift_percent,
        line.uplift_percent is not null as is_uplift_from_feed,
        cast(clause.uplift_cap_percent as decimal(9, 4)) as uplift_cap_percent,
        -- what the vendor may ask at most; without a cap the uplift that is stated
        least(
            coalesce(line.uplift_percent, cast(clause.seed_uplift_percent as decimal(9, 4))),
            cast(
                coalesce(clause.uplift_cap_percent, line.uplift_percent, clause.seed_uplift_percent) as decimal(9, 4)
            )
        ) as expected_uplift_percent,
        clause.price_hold, line.has_true_up, clause.true_up_frequency, clause.true_up_measure, clause.true_up_price,
        cast(clause.true_up_grace_percent as decimal(9, 4)) as true_up_grace_percent, line.has_true_down,
        line.true_down_on, clause.co_term_on, clause.proration,
        cast(clause.payment_terms_days as bigint) as payment_terms_days, clause.billing,
        case when line.currency_count = 1 then line.currency end as currency, line.currency_count, clause.fx_clause,
        cast(clause.fx_rate as decimal(28, 10)) as fx_clause_rate,
        cast(clause.renewal_term_months as bigint) as renewal_term_months,
        cast(clause.term_discount_percent as decimal(9, 4)) as term_discount_percent, clause.ai_terms
    from lines_of_contracts as line
    left join clauses_of_whole_contracts as clause on line.contract_id = clause.contract_id
)

select
    contract_id, contract_number, vendor, app_ids, owner_email, cost_center_id, po_number, paying_entity, term_from,
    term_to, renewal_on, notice_days, notice_method, zone, notice_on, is_auto_renew, uplift_basis, uplift_percent,
    is_uplift_from_feed, uplift_cap_percent, expected_uplift_percent, price_hold, has_true_up, true_up_frequency,
    true_up_measure, true_up_price, true_up_grace_percent, has_true_down, true_down_on, co_term_on, proration,
    payment_terms_days, billing, currency, currency_count, fx_clause, fx_clause_rate, renewal_term_months,
    term_discount_percent, ai_terms
from final
