-- One row per application of the catalogue, with the stream that says who holds its seats.
with okta_sources as (
    select min(source) as source
    from config.streams
    where kind = 'okta' and stream = 'app_users'
),

apps_with_okta_instances as (
    select distinct app_id
    from seeds.app_okta_ids
),

final as (
    select
        app.app_id, app.name, app.vendor, app.owner_email, app.sensitivity,
        coalesce(lower(app.sensitivity) = 'high', false) as is_high_sensitivity,
        coalesce(app.reclaim_consequence, 'none') as reclaim_consequence, app.feature_horizon_days,
        case
            when app.assignment_source = 'okta' then coalesce(okta_sources.source, 'okta')
            else split_part(app.assignment_source, '/', 1)
        end as assignment_source,
        case
            when app.assignment_source = 'okta' then 'app_users'
            else split_part(app.assignment_source, '/', 2)
        end as assignment_stream,
        app.assignment_source = 'okta' as is_okta_assigned,
        mapped.app_id is not null as has_okta
    from seeds.apps as app
    cross join okta_sources
    left join apps_with_okta_instances as mapped on app.app_id = mapped.app_id
)

select
    app_id, name, vendor, owner_email, sensitivity, is_high_sensitivity, reclaim_consequence, feature_horizon_days,
    assignment_source, assignment_stream, is_okta_assigned, has_okta
from final
