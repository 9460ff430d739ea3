-- A row is an app as Okta lists it (newest complete landing): the label people know behind the id the log writes.
with final as (
    select okta_app_id, label, name, status, source, landing
    from raw.okta_apps
)

select okta_app_id, label, name, status, source, landing
from final
