-- One cost center of the ITAM feed, newest complete landing.
with final as (
    select source, cost_center_id, code, name, owner_email, parent_id, landing
    from raw.servicenow_cost_centers
)

select source, cost_center_id, code, name, owner_email, parent_id, landing
from final
