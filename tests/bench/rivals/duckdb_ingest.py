"""DuckDB: NDJSON to events and rollup, each a Parquet file.

duckdb_ingest.py PATTERN [--memory 1GB] [--repeats keep] [--hashes]
"""

import argparse
import glob
import hashlib
import json
import os
from pathlib import Path

import duckdb

from child import started

HERE = Path(__file__).parent
PARQUET = "(format parquet, compression zstd, compression_level 1)"
"""As our store writes it."""


def session(memory: str = "") -> duckdb.DuckDBPyConnection:
    """All cores; order is not asked for."""
    con = duckdb.connect()
    con.execute(
        f"set threads = {len(os.sched_getaffinity(0))}; set preserve_insertion_order = false; set TimeZone = 'UTC'"
    )
    con.execute("set temp_directory = 'spill'")
    if memory:
        con.execute(f"set memory_limit = '{memory}'")
    return con


def text(name: str, **values) -> str:
    """A statement of a file beside this one, its {places} filled."""
    statement = (HERE / name).read_text()
    for place, value in values.items():
        statement = statement.replace("{" + place + "}", str(value))
    return statement


def events(con, pattern: str, target: str, keep_repeats: bool = False, new: str = "") -> None:
    """An event told twice is kept once: rows that are alike, which DuckDB finds faster than equal ids."""
    rows = "select * from kept" if keep_repeats else "select distinct * from kept"
    read = text("events.sql", files=f"'{pattern}'", new=new)
    con.execute(f"copy ({read} {rows}) to '{target}' {PARQUET}")


def rollup(con, source: str, target: str) -> None:
    con.execute(f"copy ({text('rollup.sql', events=source)}) to '{target}' {PARQUET}")


def hashes(pattern: str) -> dict:
    """The SHA-256 of every file, by OpenSSL."""
    found = {}
    for path in glob.glob(pattern):
        with open(path, "rb") as file:
            found[path] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("pattern")
    parser.add_argument("--memory", default="")
    parser.add_argument("--repeats", choices=["keep", "drop"], default="drop")
    parser.add_argument("--hashes", action="store_true")
    asked = parser.parse_args()
    started()
    con = session(asked.memory)
    events(con, asked.pattern, "events.parquet", asked.repeats == "keep")
    rollup(con, "'events.parquet'", "rollup.parquet")
    if asked.hashes:
        Path("hashes.json").write_text(json.dumps(hashes(asked.pattern)))


if __name__ == "__main__":
    main()
