"""Stock DataFusion: NDJSON to events and rollup, each a Parquet file. All columns typed.

datafusion_ingest.py FOLDER
"""

import os
import sys

import pyarrow as pa
from datafusion import SessionConfig, SessionContext

from child import started

TEXT = pa.string()
PARTY = pa.struct([("id", TEXT), ("type", TEXT), ("alternateId", TEXT)])
SCHEMA = pa.schema(
    {
        "uuid": TEXT,
        "published": pa.timestamp("us", "UTC"),
        "eventType": TEXT,
        "actor": PARTY,
        "outcome": pa.struct([("result", TEXT)]),
        "target": pa.list_(PARTY),
        "authenticationContext": pa.struct([("externalSessionId", TEXT)]),
        "debugContext": pa.struct([("debugData", pa.struct([("signOnMode", TEXT)]))]),
    }
)


def target(kind: str, name: str) -> str:
    """The first target of a type."""
    return f"target[cast(array_position(types, '{kind}') as bigint)]['{name}']"


# Repeats are alike in every column, and to compare whole rows costs DataFusion a third of `distinct on (uuid)`.
EVENTS = f"""
    with events as (
        select *, array_transform(target, party -> party['type']) as types from log
    )

    select distinct
        uuid as event_id, published as published_at, "eventType" as event_type, outcome['result'] as outcome_result,
        actor['id'] as actor_id, actor['type'] as actor_type, actor['alternateId'] as actor_alternate_id,
        {target('AppInstance', 'id')} as app_instance_id, {target('AppInstance', 'alternateId')} as app_instance_label,
        {target('AppUser', 'id')} as app_user_id, {target('User', 'id')} as target_user_id,
        {target('UserGroup', 'id')} as target_group_id, "authenticationContext"['externalSessionId'] as session_id,
        "debugContext"['debugData']['signOnMode'] as sign_on_mode
    from events"""
ROLLUP = """
    select
        app_instance_id, actor_id as account_id, cast(published_at as date) as used_on,
        count(*) filter (where outcome_result is not distinct from 'SUCCESS') as sign_ins,
        count(*) filter (where outcome_result is distinct from 'SUCCESS') as failed_sign_ins,
        max(published_at) filter (where outcome_result = 'SUCCESS') as last_at
    from 'events.parquet'
    where
        event_type = 'user.authentication.sso' and actor_type = 'User' and actor_id is not null
        and app_instance_id is not null
    group by app_instance_id, actor_id, cast(published_at as date)"""


def main() -> None:
    started()
    # The dialect is what lets a lambda be written; url tables, that a file can be named in SQL.
    options = {
        "datafusion.sql_parser.dialect": "duckdb",
        "datafusion.execution.parquet.compression": "zstd(1)",
        "datafusion.execution.listing_table_ignore_subdirectory": "false",
    }
    config = SessionConfig(options).with_target_partitions(len(os.sched_getaffinity(0)))
    context = SessionContext(config).enable_url_table()
    folder = sys.argv[1]
    context.register_json("log", folder, schema=SCHEMA, file_extension=".ndjson")
    for statement, file in [(EVENTS, "events.parquet"), (ROLLUP, "rollup.parquet")]:
        context.sql(f"copy ({statement}) to '{file}' stored as parquet").collect()


if __name__ == "__main__":
    main()
