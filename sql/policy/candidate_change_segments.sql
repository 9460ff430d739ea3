-- A row is what came and went among the candidates of an app in one segment of its people, counted with its money: why
-- a list is another one than before. A policy version is previewed by it before it takes effect.
with final as (
    select
        c.app_id,
        c.change,
        c.action,
        case c.change when 'gone' then c.earlier_reason else c.current_reason end as reason,
        case when c.change = 'gone' then c.current_verdict || ' ' || c.current_reason else '' end as becomes,
        coalesce(p.region, '(none)') as region,
        coalesce(p.worker_type, '(none)') as worker_type,
        coalesce(e.override_indexes, '') as override_indexes,
        count(*) as candidate_count,
        sum(case c.change when 'gone' then c.earlier_annual_saving_amount else c.annual_saving_amount end)
            as annual_saving_amount,
        max(r.reporting_currency) as reporting_currency
    from policy.candidate_changes as c
    cross join config.project as r
    left join core.persons as p on p.person_key = c.person_key
    left join policy.evaluations as e
        on e.app_id = c.app_id and e.account_id = c.account_id and e.sku_id = c.sku_id
    group by 1, 2, 3, 4, 5, 6, 7, 8
)

select
    app_id, change, action, reason, becomes, region, worker_type, override_indexes, candidate_count,
    annual_saving_amount, reporting_currency
from final
