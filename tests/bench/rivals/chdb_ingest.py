"""chDB (ClickHouse in the process): NDJSON to events and rollup, each a Parquet file. All columns typed.

chdb_ingest.py PATTERN
"""

import os
import sys

from chdb import session

from child import started

PARTY = "Tuple(id Nullable(String), type Nullable(String), alternateId Nullable(String))"
STRUCTURE = (
    "uuid Nullable(String), published Nullable(DateTime64(6, \\'UTC\\')), eventType Nullable(String), "
    f"actor {PARTY}, outcome Tuple(result Nullable(String)), target Array({PARTY}), "
    "authenticationContext Tuple(externalSessionId Nullable(String)), "
    "debugContext Tuple(debugData Tuple(signOnMode Nullable(String)))"
)
SETTINGS = (
    "input_format_skip_unknown_fields = 1, input_format_null_as_default = 1, date_time_input_format = 'best_effort', "
    "input_format_json_ignore_unknown_keys_in_named_tuple = 1, "
    "input_format_json_defaults_for_missing_elements_in_named_tuple = 1, engine_file_truncate_on_insert = 1, "
    f"output_format_parquet_compression_method = 'zstd', max_threads = {len(os.sched_getaffinity(0))}"
)


def statements(pattern: str, folder: str) -> list:
    events = f"""
        insert into function file('{folder}/events.parquet', Parquet)
        with arrayMap(party -> party.type, target) as types
        select
            uuid as event_id, published as published_at, eventType as event_type, outcome.result as outcome_result,
            actor.id as actor_id, actor.type as actor_type, actor.alternateId as actor_alternate_id,
            target[indexOf(types, 'AppInstance')].id as app_instance_id,
            target[indexOf(types, 'AppInstance')].alternateId as app_instance_label,
            target[indexOf(types, 'AppUser')].id as app_user_id,
            target[indexOf(types, 'User')].id as target_user_id,
            target[indexOf(types, 'UserGroup')].id as target_group_id,
            authenticationContext.externalSessionId as session_id, debugContext.debugData.signOnMode as sign_on_mode
        from file('{pattern}', JSONEachRow, '{STRUCTURE}')
        limit 1 by event_id
        settings {SETTINGS}"""
    rollup = f"""
        insert into function file('{folder}/rollup.parquet', Parquet)
        select
            app_instance_id, actor_id as account_id, toDate32(published_at) as used_on,
            countIf(coalesce(outcome_result = 'SUCCESS', 0)) as sign_ins,
            countIf(not coalesce(outcome_result = 'SUCCESS', 0)) as failed_sign_ins,
            maxOrNullIf(published_at, coalesce(outcome_result = 'SUCCESS', 0)) as last_at
        from file('{folder}/events.parquet')
        where
            event_type = 'user.authentication.sso' and actor_type = 'User' and actor_id is not null
            and app_instance_id is not null
        group by app_instance_id, account_id, used_on
        settings {SETTINGS}"""
    return [events, rollup]


def main() -> None:
    started()
    engine = session.Session()
    for statement in statements(sys.argv[1], os.getcwd()):
        engine.query(statement)


if __name__ == "__main__":
    main()
