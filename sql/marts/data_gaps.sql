-- A row is something the numbers do not cover: what is missing, where, and how much money stands on it.
-- Gaps overlap (one seat may lack a price and a person), so their amounts are never added up.
with seats_without_a_contract_line as (
    select
        'no_contract_line' as kind,
        app_id || '/' || sku_id as subject,
        app_id,
        'paid seats that no contract line in force covers: cost unknown' as detail,
        count(*) as affected_count
    from marts.seat_usage
    where cost_gap_reason = 'no_contract_line'
    group by app_id, sku_id
),

skus_no_catalogue_entry_lists as (
    select
        'unmapped_sku' as kind,
        concat_ws('/', source, stream, nullif(okta_app_id, ''), nullif(source_sku_key, '')) as subject,
        max(app_id) as app_id,
        max(case gap_reason
            when 'no_app' then 'accounts of the assignment feed hold a SKU that belongs to no app: seats not counted'
            else 'accounts hold a SKU that no tier of the app lists: no tier, no cost'
        end) as detail,
        sum(account_count) as affected_count
    from core.sku_gaps
    group by source, stream, okta_app_id, source_sku_key
),

lines_no_catalogue_entry_matches as (
    select
        'unmapped_sku' as kind,
        'contract line ' || contract_line_id as subject,
        app_id,
        coalesce(vendor || ': ', '') || 'contract line of ' || coalesce(source_sku_id, 'no SKU')
            || case gap_reason
                when 'unmapped_app' then ' matches no app'
                when 'ambiguous_sku' then ' is a SKU of several apps'
                else ' matches no tier of the app'
            end as detail,
        quantity as affected_count,
        reporting_annual_amount as amount_at_stake,
        annual_amount as contract_amount,
        case when annual_amount is not null then coalesce(annual_currency, 'XXX') end as contract_currency
    from core.contract_lines
    where is_in_force and gap_reason in ('unmapped_app', 'unmapped_sku', 'ambiguous_sku')
),

currencies_that_do_not_convert as (
    select
        case when max(r.reporting_rate) is null then 'no_rate' else 'stale_rate' end as kind,
        coalesce(l.annual_currency, 'XXX') || ' ' || l.rate_set as subject,
        case
            when max(r.reporting_rate) is null then 'no rate of this set: amounts stay in their own currency'
            else 'newest rate is of ' || cast(max(r.rate_on) as varchar) || ', older than the limit'
        end as detail,
        count(*) as affected_count,
        sum(l.annual_amount) as contract_amount,
        coalesce(l.annual_currency, 'XXX') as contract_currency
    from core.contract_lines as l
    left join core.fx_rates as r on r.rate_set = l.rate_set and r.currency = l.annual_currency
    where l.is_in_force and l.annual_amount is not null and l.reporting_annual_amount is null
    group by coalesce(l.annual_currency, 'XXX'), l.rate_set
),

-- without its contract a line has no term; it is not in force, and this is the only place it shows
lines_without_a_price_or_a_contract as (
    select
        case when gap_reason = 'no_contract' then 'no_contract' else 'unpriced_line' end as kind,
        'contract line ' || contract_line_id as subject,
        app_id,
        case
            when gap_reason = 'no_contract' then 'the feed names no contract of the line: left out of spend'
            else 'price, quantity or billing period missing: line left without an amount'
        end as detail,
        coalesce(quantity, 0) as affected_count,
        annual_amount as contract_amount,
        case when annual_amount is not null then coalesce(annual_currency, 'XXX') end as contract_currency
    from core.contract_lines
    where gap_reason = 'no_contract' or (is_in_force and annual_amount is null)
),

seats_whose_cost_does_not_convert as (
    select
        'unconvertible' as kind,
        app_id || '/' || sku_id || ' ' || coalesce(annual_currency, 'XXX') as subject,
        app_id,
        'seats with a cost in their contract''s currency only' as detail,
        count(*) as affected_count,
        sum(annual_amount) as contract_amount,
        coalesce(annual_currency, 'XXX') as contract_currency
    from marts.seat_usage
    where annual_amount is not null and reporting_annual_amount is null
    group by app_id, sku_id, coalesce(annual_currency, 'XXX')
),

candidates_without_a_saving as (
    select
        'unpriced_saving' as kind,
        app_id || ' ' || coalesce(saving_gap, 'unknown') as subject,
        app_id,
        'candidates whose saving cannot be stated: ' || coalesce(saving_gap, 'unknown') as detail,
        count(*) as affected_count
    from marts.seat_usage
    where verdict = 'candidate' and annual_saving_amount is null
    group by app_id, coalesce(saving_gap, 'unknown')
),

apps_without_a_policy as (
    select
        'no_policy' as kind,
        app_id as subject,
        app_id,
        'no policy version in force: no seat of the app is judged' as detail,
        count(*) as affected_count,
        sum(reporting_annual_amount) as amount_at_stake
    from marts.seat_usage
    where reason = 'no_policy'
    group by app_id
),

cost_of_each_account as (
    select
        app_id,
        account_id,
        count(*) as seat_count,
        sum(reporting_annual_amount) as reporting_annual_amount
    from marts.seat_usage
    group by app_id, account_id
),

accounts_two_persons_claim as (
    select
        'ambiguous_identity' as kind,
        x.system as subject,
        x.account_id,
        case when x.system <> 'okta' then x.system end as app_id,
        cast(x.claimant_count as varchar) || ' persons claim the account (rule ' || x.match_rule || '): protected'
            as detail,
        coalesce(c.seat_count, 0) as affected_count,
        c.reporting_annual_amount as amount_at_stake
    from core.identity_crosswalk as x
    left join cost_of_each_account as c on c.app_id = x.system and c.account_id = x.account_id
    where x.is_ambiguous
),

accounts_of_nobody as (
    select
        'orphan' as kind,
        app_id as subject,
        account_id,
        app_id,
        'account holds seats and matches no person' as detail,
        count(*) as affected_count,
        sum(reporting_annual_amount) as amount_at_stake
    from marts.seat_usage
    where person_key is null and not coalesce(is_ambiguous, false) and account_type is null
    group by app_id, account_id
),

okta_apps_no_catalogue_entry_maps as (
    select
        'unmapped_okta_app' as kind,
        okta_app_id as subject,
        coalesce(label, 'app without a label') || ': ' || cast(assigned_account_count as varchar) || ' assigned, '
            || cast(signed_in_account_count as varchar) || ' signed in, last '
            || coalesce(cast(last_sign_in_on as varchar), 'never') as detail,
        greatest(assigned_account_count, signed_in_account_count) as affected_count
    from core.unmapped_okta_apps
),

cost_nobody_can_judge_per_source as (
    select n.source, n.stream, count(*) as seat_count, sum(u.reporting_annual_amount) as reporting_annual_amount
    from (select distinct app_id, source, stream from core.app_sources) as n
    inner join marts.seat_usage as u on u.app_id = n.app_id
    where u.verdict = 'unknown'
    group by n.source, n.stream
),

faults_of_sources as (
    select 'never_landed' as kind, source, stream, 'configured, and nothing ever landed' as detail
    from core.source_status
    where is_configured and not has_landed
    union all
    select
        'stale_source' as kind,
        source,
        stream,
        'complete through ' || coalesce(cast(complete_through as varchar), 'no day') || ', '
            || coalesce(cast(age_days as varchar), '?') || ' days old, limit '
            || coalesce(cast(freshness_error_days as varchar), '?') as detail
    from core.source_status
    where has_landed and is_stale
    union all
    select 'partial_source' as kind, source, stream, 'pages are missing from what landed' as detail
    from core.source_status
    where has_landed and is_partial
    union all
    select 'concealed_names' as kind, source, stream, 'the report conceals names: use is nobody''s' as detail
    from core.source_status
    where has_landed and is_concealed
),

sources_not_good as (
    select
        f.kind,
        f.source || '/' || f.stream as subject,
        f.source,
        f.stream,
        f.detail,
        coalesce(c.seat_count, 0) as affected_count,
        c.reporting_annual_amount as amount_at_stake
    from faults_of_sources as f
    left join cost_nobody_can_judge_per_source as c on c.source = f.source and c.stream = f.stream
),

days_no_source_covers as (
    select
        'hole' as kind,
        h.source || '/' || h.stream || ' ' || coalesce(cast(h.hole_from as varchar), 'start') as subject,
        h.source,
        h.stream,
        case
            when h.hole_kind = 'before_first'
                then 'nothing was collected before ' || coalesce(cast(h.hole_to as varchar), 'today')
            else h.hole_kind || ': no data from ' || cast(h.hole_from as varchar) || ' until before '
                || coalesce(cast(h.hole_to as varchar), 'today')
        end as detail,
        coalesce(c.seat_count, 0) as affected_count,
        c.reporting_annual_amount as amount_at_stake
    from core.source_holes as h
    left join cost_nobody_can_judge_per_source as c on c.source = h.source and c.stream = h.stream
),

drop_lines_not_understood as (
    select
        'drop_reject' as kind,
        drop || ':' || cast(line as varchar) as subject,
        coalesce(file, drop) || ' line ' || cast(line as varchar) || ': ' || reason_code || '; without effect'
            as detail,
        1 as affected_count
    from core.drop_rejects
),

exemptions_that_ran_out as (
    select
        'expired_hold' as kind,
        app_id || case file when 'log' then ' entry ' else ' line ' end || cast(line as varchar) as subject,
        app_id,
        'hold of ' || reason_code || ' expired on ' || cast(expires_on as varchar) || '; without effect' as detail,
        1 as affected_count
    from core.holds
    where expires_on <= $as_of
    union all
    select
        'expired_exception' as kind,
        app_id || case file when 'log' then ' entry ' else ' line ' end || cast(line as varchar) as subject,
        app_id,
        'exception of ' || reason_code || ' expired on ' || cast(expires_on as varchar) || '; without effect'
            as detail,
        1 as affected_count
    from core.exceptions
    where expires_on <= $as_of
),

clauses_nobody_proved as (
    select
        'unknown_clause' as kind,
        contract_id as subject,
        'unproved: ' || unproved_clauses as detail,
        seat_count as affected_count,
        reporting_annual_amount as amount_at_stake,
        annual_amount as contract_amount,
        annual_currency as contract_currency
    from marts.renewal_calendar
    where unproved_clauses <> ''
),

words_that_protect as (
    select
        'unknown_status' as kind,
        source || ' ' || status as subject,
        source,
        'status of HR that nobody explained: its people are protected until seeds/worker_statuses.csv lists it'
            as detail,
        count(distinct person_key) as affected_count
    from core.employment_spells
    where not is_status_known
    group by source, status
),

rows_in_quarantine as (
    select
        'quarantine' as kind,
        source || '/' || stream || ' ' || coalesce(column_name, 'row') || ' ' || reason_code as subject,
        source,
        stream,
        'rows set aside: ' || reason_code || ' in ' || coalesce(column_name, 'the row') as detail,
        count(*) as affected_count
    from audit.quarantine
    group by source, stream, column_name, reason_code
),

pools_with_more_seats_than_bought as (
    select
        'overassigned' as kind,
        t.app_id || '/' || t.sku_id || '/' || t.region as subject,
        t.app_id,
        cast(t.assigned_count as varchar) || ' assigned, ' || cast(t.purchased_quantity as varchar) || ' bought'
            as detail,
        -t.surplus_quantity as affected_count,
        -t.surplus_quantity * p.reporting_annual_amount as amount_at_stake
    from marts.tier_allocation as t
    left join core.sku_prices as p on p.app_id = t.app_id and p.sku_id = t.sku_id and p.region = t.region
    where t.surplus_quantity < 0 and t.purchased_quantity > 0
),

gaps_of_every_kind as (
    select
        kind, subject, null as account_id, app_id, null as source, null as stream, detail, affected_count,
        null as amount_at_stake, null as contract_amount, null as contract_currency
    from seats_without_a_contract_line
    union all
    select kind, subject, null, app_id, null, null, detail, affected_count, null, null, null
    from skus_no_catalogue_entry_lists
    union all
    select
        kind, subject, null, app_id, null, null, detail, affected_count, amount_at_stake, contract_amount,
        contract_currency
    from lines_no_catalogue_entry_matches
    union all
    select kind, subject, null, null, null, null, detail, affected_count, null, contract_amount, contract_currency
    from currencies_that_do_not_convert
    union all
    select kind, subject, null, app_id, null, null, detail, affected_count, null, contract_amount, contract_currency
    from lines_without_a_price_or_a_contract
    union all
    select kind, subject, null, app_id, null, null, detail, affected_count, null, contract_amount, contract_currency
    from seats_whose_cost_does_not_convert
    union all
    select kind, subject, null, app_id, null, null, detail, affected_count, null, null, null
    from candidates_without_a_saving
    union all
    select kind, subject, null, app_id, null, null, detail, affected_count, amount_at_stake, null, null
    from apps_without_a_policy
    union all
    select kind, subject, account_id, app_id, null, null, detail, affected_count, amount_at_stake, null, null
    from accounts_two_persons_claim
    union all
    select kind, subject, account_id, app_id, null, null, detail, affected_count, amount_at_stake, null, null
    from accounts_of_nobody
    union all
    select kind, subject, null, null, null, null, detail, affected_count, null, null, null
    from okta_apps_no_catalogue_entry_maps
    union all
    select kind, subject, null, null, source, stream, detail, affected_count, amount_at_stake, null, null
    from sources_not_good
    union all
    select kind, subject, null, null, source, stream, detail, affected_count, amount_at_stake, null, null
    from days_no_source_covers
    union all
    select kind, subject, null, null, null, null, detail, affected_count, null, null, null
    from drop_lines_not_understood
    union all
    select kind, subject, null, app_id, null, null, detail, affected_count, null, null, null
    from exemptions_that_ran_out
    union all
    select
        kind, subject, null, null, null, null, detail, affected_count, amount_at_stake, contract_amount,
        contract_currency
    from clauses_nobody_proved
    union all
    select kind, subject, null, null, source, stream, detail, affected_count, null, null, null
    from rows_in_quarantine
    union all
    select kind, subject, null, null, source, null, detail, affected_count, null, null, null
    from words_that_protect
    union all
    select kind, subject, null, app_id, null, null, detail, affected_count, amount_at_stake, null, null
    from pools_with_more_seats_than_bought
),

final as (
    select
        'g-' || left(sha256(g.kind || '|' || g.subject || coalesce('/' || pseudonym(g.account_id), '')), 20) as gap_id,
        g.kind,
        g.subject,
        g.account_id,
        g.app_id,
        g.source,
        g.stream,
        g.detail,
        cast(g.affected_count as bigint) as affected_count,
        g.amount_at_stake,
        c.reporting_currency,
        g.contract_amount,
        g.contract_currency
    from gaps_of_every_kind as g
    cross join config.project as c
)

select
    gap_id, kind, subject, account_id, app_id, source, stream, detail, affected_count, amount_at_stake,
    reporting_currency, contract_amount, contract_currency
from final
