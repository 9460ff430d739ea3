-- A row is a clause that a contract in force should have: what it says, where that stands, and whether it meets our
-- standard. A clause nobody states is unproved: it is a gap, and nothing is assumed.
with clauses as (
    select position, clause, is_required, standard, ask, kept_in
    from (
        values
        (1, 'renewal_on', true, null, null, 'feed'),
        (2, 'notice_days', true, 'at most 60 days', 'notice of 60 days', 'feed'),
        (3, 'notice_method', true, null, null, 'seed'),
        (4, 'zone', true, null, null, 'seed'),
        (5, 'is_auto_renew', true, 'no automatic renewal', 'renewal by order only', 'feed'),
        (6, 'uplift_basis', true, null, null, 'seed'),
        (7, 'uplift_percent', true, null, null, 'feed'),
        (8, 'uplift_cap_percent', true, 'capped at 5 percent', 'a cap of 3 to 5 percent', 'seed'),
        (9, 'price_hold', true, 'price of each SKU held', 'lock the price of each SKU', 'seed'),
        (10, 'has_true_up', true, null, null, 'feed'),
        (11, 'true_up_frequency', true, null, null, 'seed'),
        (12, 'true_up_measure', true, null, null, 'seed'),
        (13, 'true_up_price', true, 'true-up at the contracted price', 'true-up at the contracted price', 'seed'),
        (14, 'true_up_grace_percent', false, null, null, 'seed'),
        (15, 'has_true_down', true, 'a right to reduce', 'a yearly right to reduce by 10 percent', 'feed'),
        (16, 'true_down_on', false, null, null, 'feed'),
        (17, 'co_term_on', false, null, null, 'seed'),
        (18, 'proration', false, null, null, 'seed'),
        (19, 'billing', true, null, null, 'seed'),
        (20, 'payment_terms_days', true, '30 days or more', 'payment within 30 days or later', 'seed'),
        (21, 'currency', true, null, null, 'feed'),
        (22, 'fx_clause', true, null, null, 'seed'),
        (23, 'fx_rate', false, null, null, 'seed'),
        (24, 'renewal_term_months', true, null, null, 'seed'),
        (25, 'term_discount_percent', false, null, null, 'seed'),
        (26, 'paying_entity', true, null, null, 'seed'),
        (27, 'po_number', true, null, null, 'feed'),
        (29, 'owner', true, null, null, 'feed'),
        (28, 'ai_terms', true, 'no use of our data for training', 'exclude use of our data for training', 'seed')
    ) as named (position, clause, is_required, standard, ask, kept_in)
),

said as (
    select
        c.contract_id, c.contract_number, k.position, k.clause, k.is_required, k.standard, k.ask,
        -- of the uplift the feed speaks first
        case when k.clause = 'uplift_percent' and not c.is_uplift_from_feed then 'seed' else k.kept_in end as kept_in,
        case k.clause
            when 'renewal_on' then cast(c.renewal_on as varchar)
            when 'notice_days' then cast(c.notice_days as varchar)
            when 'notice_method' then c.notice_method
            when 'zone' then c.zone
            when 'is_auto_renew' then cast(c.is_auto_renew as varchar)
            when 'uplift_basis' then c.uplift_basis
            when 'uplift_percent' then cast(cast(c.uplift_percent as decimal(9, 2)) as varchar)
            when 'uplift_cap_percent' then cast(cast(c.uplift_cap_percent as decimal(9, 2)) as varchar)
            when 'price_hold' then c.price_hold
            when 'has_true_up' then cast(c.has_true_up as varchar)
            when 'true_up_frequency' then c.true_up_frequency
            when 'true_up_measure' then c.true_up_measure
            when 'true_up_price' then c.true_up_price
            when 'true_up_grace_percent' then cast(cast(c.true_up_grace_percent as decimal(9, 2)) as varchar)
            when 'has_true_down' then cast(c.has_true_down as varchar)
            when 'true_down_on' then cast(c.true_down_on as varchar)
            when 'co_term_on' then cast(c.co_term_on as varchar)
            when 'proration' then c.proration
            when 'billing' then c.billing
            when 'payment_terms_days' then cast(c.payment_terms_days as varchar)
            when 'currency' then c.currency
            when 'fx_clause' then c.fx_clause
            when 'fx_rate' then cast(cast(c.fx_clause_rate as decimal(18, 4)) as varchar)
            when 'renewal_term_months' then cast(c.renewal_term_months as varchar)
            when 'term_discount_percent' then cast(cast(c.term_discount_percent as decimal(9, 2)) as varchar)
            when 'paying_entity' then c.paying_entity
            when 'po_number' then c.po_number
            when 'owner' then case when c.owner_email is not null then 'named in the feed' end
            when 'ai_terms' then c.ai_terms
        end as value,
        case k.clause
            when 'notice_days' then c.notice_days > 60
            when 'is_auto_renew' then c.is_auto_renew
            when 'uplift_cap_percent' then c.uplift_cap_percent > 5
            when 'price_hold' then c.price_hold <> 'sku'
            when 'true_up_price' then c.true_up_price <> 'contracted'
            when 'has_true_down' then not c.has_true_down
            when 'payment_terms_days' then c.payment_terms_days < 30
            when 'ai_terms' then c.ai_terms <> 'excluded'
        end as is_below_standard
    from core.contracts as c
    cross join clauses as k
),

final as (
    select
        s.contract_id, s.contract_number, s.position, s.clause, s.value,
        case
            when s.value is null then null
            when p.value is null then 'ITAM feed'
            else 'seeds/contract_clauses.csv'
        end as source,
        p.reference,
        s.value is null and s.is_required as is_unproved,
        s.standard,
        -- what nobody can show does not meet a standard either
        s.standard is not null and coalesce(s.is_below_standard, true) as is_gap,
        case when s.standard is not null and coalesce(s.is_below_standard, true) then s.ask end as ask
    from said as s
    left join core.contract_clauses as p
        on s.contract_id = p.contract_id and s.clause = p.clause and p.sku_id = '*' and s.kept_in = 'seed'
)

select
    contract_id, contract_number, position, clause, value, source, reference, is_unproved, standard, is_gap, ask
from final
