"""Polars: NDJSON to events and rollup, each a Parquet file. Streaming, all columns typed.

polars_ingest.py FOLDER_OR_PATTERN
"""

import sys

import polars as pl

from child import started

TEXT = pl.String
PARTY = pl.Struct({"id": TEXT, "type": TEXT, "alternateId": TEXT})
SCHEMA = {
    "uuid": TEXT,
    "published": TEXT,
    "eventType": TEXT,
    "actor": PARTY,
    "outcome": pl.Struct({"result": TEXT}),
    "target": pl.List(PARTY),
    "authenticationContext": pl.Struct({"externalSessionId": TEXT}),
    "debugContext": pl.Struct({"debugData": pl.Struct({"signOnMode": TEXT})}),
}


def target(kind: str) -> pl.Expr:
    """The first target of a type."""
    return pl.col("target").list.filter(pl.element().struct.field("type") == kind).list.first()


def main() -> None:
    started()
    actor, app = pl.col("actor").struct, target("AppInstance").struct
    published = pl.col("published").str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", strict=True)
    events = pl.scan_ndjson(sys.argv[1], schema=SCHEMA).select(
        event_id=pl.col("uuid"),
        published_at=published.dt.replace_time_zone("UTC"),
        event_type=pl.col("eventType"),
        outcome_result=pl.col("outcome").struct.field("result"),
        actor_id=actor.field("id"),
        actor_type=actor.field("type"),
        actor_alternate_id=actor.field("alternateId"),
        app_instance_id=app.field("id"),
        app_instance_label=app.field("alternateId"),
        app_user_id=target("AppUser").struct.field("id"),
        target_user_id=target("User").struct.field("id"),
        target_group_id=target("UserGroup").struct.field("id"),
        session_id=pl.col("authenticationContext").struct.field("externalSessionId"),
        sign_on_mode=pl.col("debugContext").struct.field("debugData").struct.field("signOnMode"),
    )
    events.unique("event_id", keep="any").sink_parquet("events.parquet", compression="zstd", compression_level=1)

    is_success = (pl.col("outcome_result") == "SUCCESS").fill_null(False)
    is_attempt = (
        (pl.col("event_type") == "user.authentication.sso")
        & (pl.col("actor_type") == "User")
        & pl.col("actor_id").is_not_null()
        & pl.col("app_instance_id").is_not_null()
    )
    by = {"account_id": pl.col("actor_id"), "used_on": pl.col("published_at").dt.date()}
    rollup = (
        pl.scan_parquet("events.parquet")
        .filter(is_attempt)
        .group_by("app_instance_id", **by)
        .agg(
            sign_ins=is_success.sum(),
            failed_sign_ins=(~is_success).sum(),
            last_at=pl.col("published_at").filter(is_success).max(),
        )
    )
    rollup.sink_parquet("rollup.parquet", compression="zstd", compression_level=1)


if __name__ == "__main__":
    main()
