-- A row is one Okta user's membership of one group (newest complete landing).
with final as (
    select source, group_id, account_id, landing
    from raw.okta_group_members
)

select source, group_id, account_id, landing
from final
