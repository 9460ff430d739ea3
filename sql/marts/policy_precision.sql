-- A row is a rule of a policy version of an app, and how often those who know agreed with it: of the candidates of 396
-- days that were accepted or denied, the share accepted.
with final as (
    select
        app_id,
        policy_version_id,
        rule,
        reason,
        count(*) as candidate_count,
        count(*) filter (where decision is not null) as answered_count,
        count(*) filter (where decision = 'accepted') as accepted_count,
        count(*) filter (where decision = 'denied') as denied_count,
        count(*) filter (where decision = 'accepted' and state in ('rolled_back', 'rejected')) as taken_back_count,
        -- cut, not rounded: a share just under a limit must stay under it
        cast(
            cast(
                count(*) filter (where decision = 'accepted') * 1000000
                / nullif(count(*) filter (where decision in ('accepted', 'denied')), 0) as decimal(18, 4)
            ) / cast(1000000 as decimal(7, 0)) as decimal(9, 6)
        ) as precision_share
    from review.candidates
    group by app_id, policy_version_id, rule, reason
)

select
    app_id, policy_version_id, rule, reason, candidate_count, answered_count, accepted_count, denied_count,
    taken_back_count, precision_share
from final
