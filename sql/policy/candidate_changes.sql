-- A row is a candidate of this run or of the run before: new, continuing, or gone, and then why.
with day_of_the_run_before as (
    select max(as_of) as compared_with_on
    from earlier.candidates
),

candidates_of_both_runs as (
    select
        coalesce(n.candidate_id, b.candidate_id) as candidate_id,
        coalesce(n.app_id, b.app_id) as app_id,
        coalesce(n.account_id, b.account_id) as account_id,
        coalesce(n.sku_id, b.sku_id) as sku_id,
        coalesce(n.action, b.action) as action,
        coalesce(n.episode_from, b.episode_from) as episode_from,
        case
            when b.candidate_id is null then 'new'
            when n.candidate_id is null then 'gone'
            else 'continuing'
        end as change,
        b.reason as earlier_reason,
        b.annual_saving_amount as earlier_annual_saving_amount,
        n.annual_saving_amount
    from policy.candidates as n
    full outer join earlier.candidates as b on b.candidate_id = n.candidate_id
),

candidates_beside_what_holds_now as (
    select
        c.candidate_id,
        c.app_id,
        c.account_id,
        c.sku_id,
        c.action,
        c.episode_from,
        c.change,
        c.earlier_reason,
        case when e.app_id is null then 'no_seat' else e.verdict end as current_verdict,
        case when e.app_id is null then 'seat_gone' else e.reason end as current_reason,
        e.action as current_action,
        e.person_key,
        e.last_counted_use_on,
        c.annual_saving_amount,
        c.earlier_annual_saving_amount,
        p.effective_from > d.compared_with_on as is_policy_newer,
        d.compared_with_on
    from candidates_of_both_runs as c
    cross join day_of_the_run_before as d
    left join policy.evaluations as e
        on e.app_id = c.app_id and e.account_id = c.account_id and e.sku_id = c.sku_id
    left join policy.effective_policies as p on p.app_id = c.app_id
),

final as (
    select
        c.candidate_id,
        c.app_id,
        c.account_id,
        c.sku_id,
        c.person_key,
        c.action,
        c.episode_from,
        c.change,
        c.earlier_reason,
        c.current_verdict,
        c.current_reason,
        c.current_action,
        -- one cause per candidate; the order says which of two goes first
        case
            when c.change = 'continuing' then 'none'
            when c.current_reason = 'seat_gone' then 'seat_removed'
            when c.current_reason in ('leaver', 'on_leave', 'leave_return', 'bench', 'upcoming_assignment') then 'hr'
            when c.current_verdict in ('held', 'excepted') or c.current_reason = 'self_confirmed' then 'hold'
            when c.current_verdict = 'protected' or c.current_reason = 'orphan' then 'identity'
            when c.current_verdict = 'unknown' then 'late_data'
            when c.current_reason = 'new_seat' then 'assignment'
            when c.current_reason in ('no_policy', 'recently_downgraded') then 'policy'
            when c.current_reason = 'free_sku' then 'price'
            when c.change = 'gone' and c.last_counted_use_on > c.compared_with_on then 'activity'
            when c.is_policy_newer then 'policy'
            when c.change = 'gone' and c.current_verdict = 'keep' then 'late_data'
            when c.change = 'gone' then 'policy'
            else 'activity'
        end as cause,
        c.annual_saving_amount,
        r.reporting_currency,
        c.compared_with_on,
        c.earlier_annual_saving_amount
    from candidates_beside_what_holds_now as c
    cross join config.project as r
)

select
    candidate_id, app_id, account_id, sku_id, person_key, action, episode_from, change, earlier_reason,
    current_verdict, current_reason, current_action, cause, annual_saving_amount, reporting_currency, compared_with_on,
    earlier_annual_saving_amount
from final
