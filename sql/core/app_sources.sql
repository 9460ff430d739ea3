-- One row per application, stream and need: which sources the judgement of the application's seats rests on. What is
-- needed is what is configured, whether it ever landed or not.
with hr_streams as (
    select app.app_id, stream.source, stream.stream, 'hr' as need
    from core.apps as app
    cross join config.streams as stream
    where stream.role = 'hr'
),

directory_streams as (
    select app.app_id, stream.source, stream.stream, 'directory' as need
    from core.apps as app
    cross join config.streams as stream
    where app.has_okta and stream.kind = 'okta' and stream.stream in ('users', 'app_users')
),

okta_assignment_streams as (
    select app.app_id, stream.source, stream.stream, 'assignment' as need
    from core.apps as app
    cross join config.streams as stream
    where app.is_okta_assigned and stream.kind = 'okta' and stream.stream = 'app_users'
),

stated_assignment_streams as (
    select app_id, assignment_source as source, assignment_stream as stream, 'assignment' as need
    from core.apps
    where assignment_source is not null
),

sign_in_streams as (
    select app.app_id, stream.source, stream.stream, 'sign_in' as need
    from core.apps as app
    cross join config.streams as stream
    where app.has_okta and stream.kind = 'okta' and stream.stream = 'system_log'
),

-- The catalogue maps an Okta app and the project collects no Okta: needed all the same, and never landed. A source
-- that is taken away must not make anyone look idle.
okta_collected as (
    select count(*) as stream_count
    from config.streams
    where kind = 'okta'
),

okta_streams_missing as (
    select app.app_id, 'okta' as source, needed.stream, needed.need
    from core.apps as app
    cross join okta_collected as collected
    cross join (
        values ('users', 'directory'), ('app_users', 'directory'), ('system_log', 'sign_in')
    ) as needed (stream, need)
    where app.has_okta and collected.stream_count = 0
),

feature_streams as (
    select app.app_id, feed.source, feed.stream, 'feature_use' as need
    from core.apps as app
    inner join seeds.app_feature_sources as feed on app.app_id = feed.app_id
),

final as (
    select app_id, source, stream, need from hr_streams
    union
    select app_id, source, stream, need from directory_streams
    union
    select app_id, source, stream, need from okta_assignment_streams
    union
    select app_id, source, stream, need from stated_assignment_streams
    union
    select app_id, source, stream, need from sign_in_streams
    union
    select app_id, source, stream, need from okta_streams_missing
    union
    select app_id, source, stream, need from feature_streams
)

select app_id, source, stream, need
from final
