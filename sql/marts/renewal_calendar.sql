-- A row is a contract in force: when it renews, until when notice can be given, and what could be saved by then.
with contracts_in_force as (
    select
        contract_id,
        max(contract_number) as contract_number,
        max(vendor) as vendor,
        string_agg(distinct app_id, '|' order by app_id) as app_ids,
        max(owner_email) as owner_email,
        max(cost_center_id) as cost_center_id,
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
        count(*) as contract_line_count,
        coalesce(sum(quantity) filter (where line_type not in ('credit', 'refund')), 0) as purchased_quantity,
        sum(annual_amount) as annual_amount,
        max(annual_currency) as annual_currency,
        count(distinct annual_currency) as currency_count,
        sum(reporting_annual_amount) as reporting_annual_amount,
        max(reporting_currency) as reporting_currency,
        count(*) filter (where reporting_annual_amount is null) as unconverted_line_count
    from core.contract_lines
    where is_in_force
    group by contract_id
),

seats_carried_per_contract as (
    select
        contract_id,
        count(*) as seat_count,
        count(*) filter (where is_active_90) as active_90_count,
        count(*) filter (where verdict = 'candidate') as candidate_count,
        count(*) filter (where verdict = 'unknown') as unknown_count,
        sum(annual_saving_amount) filter (where verdict = 'candidate') as identified_saving_amount,
        sum(annual_saving_amount) filter (where candidate_id is not null and is_cash_releasing)
            as cash_releasing_saving_amount,
        count(*) filter (where verdict = 'candidate' and annual_saving_amount is null) as unpriced_candidate_count
    from marts.seat_usage
    where contract_id is not null
    group by contract_id
),

clauses_nobody_states as (
    select contract_id, string_agg(clause, '|' order by position) as unproved_clauses
    from marts.renewal_clauses
    where is_unproved
    group by contract_id
),

final as (
    select
        c.contract_id,
        c.contract_number,
        c.vendor,
        c.app_ids,
        c.owner_email,
        c.cost_center_id,
        c.term_from,
        c.term_to,
        c.renewal_on,
        c.notice_days,
        c.notice_on,
        c.notice_on - $as_of as days_left,
        c.renewal_on - $as_of as days_to_renewal,
        case
            when c.notice_on is null then 'unproved'
            when c.notice_on < $as_of then 'notice_passed'
            when c.notice_on - $as_of <= 30 then 'within_30'
            when c.notice_on - $as_of <= 60 then 'within_60'
            when c.notice_on - $as_of <= 90 then 'within_90'
            when c.notice_on - $as_of <= 180 then 'within_180'
            else 'later'
        end as stage,
        c.is_auto_renew,
        c.uplift_percent,
        c.has_true_up,
        c.has_true_down,
        c.true_down_on,
        coalesce(u.unproved_clauses, '') as unproved_clauses,
        c.contract_line_count,
        c.purchased_quantity,
        coalesce(s.seat_count, 0) as seat_count,
        coalesce(s.active_90_count, 0) as active_90_count,
        coalesce(s.unknown_count, 0) as unknown_count,
        coalesce(s.candidate_count, 0) as candidate_count,
        coalesce(s.unpriced_candidate_count, 0) as unpriced_candidate_count,
        case when c.currency_count = 1 then c.annual_amount end as annual_amount,
        case when c.currency_count = 1 then c.annual_currency end as annual_currency,
        c.reporting_annual_amount,
        coalesce(s.identified_saving_amount, 0) as identified_saving_reporting_amount,
        coalesce(s.cash_releasing_saving_amount, 0) as cash_releasing_saving_reporting_amount,
        c.reporting_currency,
        c.unconverted_line_count
    from contracts_in_force as c
    left join seats_carried_per_contract as s on s.contract_id = c.contract_id
    left join clauses_nobody_states as u on u.contract_id = c.contract_id
)

select
    contract_id, contract_number, vendor, app_ids, owner_email, cost_center_id, term_from, term_to, renewal_on,
    notice_days, notice_on, days_left, days_to_renewal, stage, is_auto_renew, uplift_percent, has_true_up,
    has_true_down, true_down_on, unproved_clauses, contract_line_count, purchased_quantity, seat_count,
    active_90_count, unknown_count, candidate_count, unpriced_candidate_count, annual_amount, annual_currency,
    reporting_annual_amount, identified_saving_reporting_amount, cash_releasing_saving_reporting_amount,
    reporting_currency, unconverted_line_count
from final
