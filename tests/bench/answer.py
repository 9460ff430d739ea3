"""Hashes of answers, each by one and the same engine whoever wrote the Parquet: sorted rows as CSV, SHA-256.

answer.py ours WAREHOUSE events|types rollup state
answer.py files KIND=GLOB ..          kind: events, types, rollup, state or seats
"""

import hashlib
import json
import os
import sys
from pathlib import Path

import duckdb
import pyarrow
import pyarrow.csv

WORDS = [f"w{n}" for n in range(7)]
EVENTS = (
    "event_id published_at event_type outcome_result actor_id actor_type actor_alternate_id app_instance_id "
    "app_instance_label app_user_id target_user_id target_group_id session_id sign_on_mode"
).split()

USAGE = "usage/okta/system_log"
"""Where the store keeps rollup and state."""

con = duckdb.connect()
con.execute(f"set threads={len(os.sched_getaffinity(0))}; set preserve_insertion_order=false; set TimeZone='UTC'")


class Sha256Sink:
    """A file that only its hash is kept of."""

    closed = False

    def __init__(self):
        self.hash = hashlib.sha256()

    def write(self, data) -> int:
        self.hash.update(data)
        return len(data)

    def flush(self):
        pass

    def close(self):
        self.closed = True


def sorted_hash(query: str) -> str:
    reader = con.sql(f"select * from ({query}) order by all").to_arrow_reader(100_000)
    sink = Sha256Sink()
    # Without a header: what a column is called is not part of the answer.
    options = pyarrow.csv.WriteOptions(include_header=False)
    with pyarrow.csv.CSVWriter(pyarrow.PythonFile(sink, "w"), reader.schema, write_options=options) as writer:
        rows = 0
        for batch in reader:
            rows += batch.num_rows
            writer.write_batch(batch)
    return f"{rows} rows, sha256 {sink.hash.hexdigest()[:16]}"


def columns(source: str) -> dict:
    return {name: kind for name, kind, *_ in con.execute(f"describe select * from {source}").fetchall()}


def instant(source: str, column: str) -> str:
    """An instant as microseconds, whatever type and zone a writer chose."""
    kind = columns(source)[column]
    return f"epoch_us({column})" if kind.startswith("TIMESTAMP") else f"epoch_us({column}::timestamptz)"


def events(source: str) -> dict:
    found = columns(source)
    missing = [name for name in EVENTS if name not in found]
    if missing:
        sys.exit(f"{source} lacks {', '.join(missing)}: it has {', '.join(found)}")
    # Absent and empty are one, as `ingest` reads them; rivals are not asked to do that work.
    texts = [f"nullif(trim({name}), '')" for name in EVENTS if name != "published_at"]
    listed = ", ".join([instant(source, "published_at"), *texts])
    return types(source) | {"event columns": sorted_hash(f"select {listed} from {source}")}


def types(source: str) -> dict:
    """How many events of which type."""
    found = con.execute(f"select event_type, count(*) from {source} group by all order by all").fetchall()
    return {"events by type": ", ".join(f"{kind} {n}" for kind, n in found)}


def rollup(source: str) -> dict:
    """(app, account, day): a day told in several files is one row."""
    query = f"""
        select
            app_instance_id, account_id, used_on::date, sum(sign_ins)::bigint, sum(failed_sign_ins)::bigint,
            max({instant(source, 'last_at')})
        from {source} group by all"""
    return {"rollup": sorted_hash(query)}


def state(source: str) -> dict:
    """(app, account): last sign-in and the ring of days."""
    words = ", ".join(f"({word}::hugeint + 18446744073709551616) % 18446744073709551616" for word in WORDS)
    return {
        "state": sorted_hash(f"select app_instance_id, account_id, {instant(source, 'last_at')}, {words} from {source}")
    }


def seats(source: str) -> dict:
    """(app, account) as numbers: last sign-in, active days within 30, 60 and 90 days."""
    query = f"select app::int, account::int, last_at::bigint, d30::int, d60::int, d90::int from {source}"
    return {"seats": sorted_hash(query)}


def files(pattern: str) -> str:
    return f"read_parquet('{pattern}', union_by_name=true)"


def ours(warehouse: Path, wanted: list) -> dict:
    """Of a store in which nothing was redone: all its files are in force. Of several states the newest."""
    found, place = {}, warehouse / USAGE
    for kind in {"events", "types"} & set(wanted):
        found |= KINDS[kind](files(f"{warehouse}/raw/okta/system_log/*/*.parquet"))
    if "rollup" in wanted and any(place.glob("day_use/*/*.parquet")):
        found |= rollup(files(f"{place}/day_use/*/*.parquet"))
    if "state" in wanted and any(place.glob("seat_state/*/*.parquet")):
        newest = max(path.name for path in place.glob("seat_state/*"))
        found |= state(files(f"{place}/seat_state/{newest}/*.parquet"))
    return found


def main() -> None:
    con.execute(f"set temp_directory='{os.environ['SEATLEDGER_BENCH_DIR']}/scratch/answer'")
    if sys.argv[1] == "ours":
        found = ours(Path(sys.argv[2]), sys.argv[3:])
    else:
        found = {}
        for argument in sys.argv[2:]:
            kind, pattern = argument.split("=", 1)
            found |= KINDS[kind](files(pattern))
    json.dump(found, sys.stdout)


KINDS = {"events": events, "types": types, "rollup": rollup, "state": state, "seats": seats}

if __name__ == "__main__":
    main()
