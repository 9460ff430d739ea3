-- What `ingest` keeps of an event: the columns of SYSTEM_LOG in src/schema/okta.rs. Targets come in any order and are
-- found by their type; their types are taken out once, since looking for each one anew costs DuckDB a fifth more.
with events as (
    select *, list_transform(target, lambda party: party."type") as types
    from read_json(
        {files}, format = 'newline_delimited', records = true, columns = {
            uuid: 'varchar', published: 'timestamp', "eventType": 'varchar',
            actor: 'struct(id varchar, "type" varchar, "alternateId" varchar)',
            outcome: 'struct(result varchar)',
            target: 'struct(id varchar, "type" varchar, "alternateId" varchar)[]',
            "authenticationContext": 'struct("externalSessionId" varchar)',
            "debugContext": 'struct("debugData" struct("signOnMode" varchar))'
        }
    )
),

kept as (
    select
        uuid as event_id, published as published_at, "eventType" as event_type, outcome.result as outcome_result,
        actor.id as actor_id, actor."type" as actor_type, actor."alternateId" as actor_alternate_id,
        target[list_position(types, 'AppInstance')].id as app_instance_id,
        target[list_position(types, 'AppInstance')]."alternateId" as app_instance_label,
        target[list_position(types, 'AppUser')].id as app_user_id,
        target[list_position(types, 'User')].id as target_user_id,
        target[list_position(types, 'UserGroup')].id as target_group_id,
        "authenticationContext"."externalSessionId" as session_id,
        "debugContext"."debugData"."signOnMode" as sign_on_mode
    from events
    {new}
)
