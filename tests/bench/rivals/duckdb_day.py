"""DuckDB, by hand and incremental, on the layout of our own store: what someone would write who knows DuckDB well.

    duckdb_day.py history PATTERN DAY FOLDER [--memory 1GB]
    duckdb_day.py day PATTERN DAY FOLDER [--memory 1GB] [--repeats keep]

`history` makes FOLDER of all days up to one: events/, day_use/ and state/, each with a file DAY.parquet; events older
than two days lie in a file of their own. `day` parses the next day's NDJSON to events and rollup, drops what
yesterday's file told already, and merges the rollup into yesterday's state.
"""

import argparse
import datetime
from pathlib import Path

import ring
from child import started
from duckdb_ingest import PARQUET, events, rollup, session, text

WORDS = [f"w{word}" for word in range(ring.WORDS)]
STATE = "(format parquet, compression lz4_raw, row_group_size 262144)"


def state(con, as_of: datetime.date, yesterday: str, day_use: str, target: str) -> None:
    kept = ring.kept(as_of)
    masked = [f"{word} & {mask}::ubigint as {word}" for word, mask in zip(WORDS, kept)]
    statement = text(
        "state.sql",
        kept_words=", ".join(masked),
        yesterday=yesterday,
        new_words=ring.bits("used_on"),
        day_use=day_use,
        masked_words=", ".join(masked),
        joined_words=", ".join(f"bit_or({word}) as {word}" for word in WORDS),
    )
    con.execute(f"copy ({statement}) to '{target}' {STATE}")


def nothing() -> str:
    """A state before the first day."""
    words = ", ".join(f"0::ubigint as {word}" for word in WORDS)
    ids = "null::varchar as app_instance_id, null::varchar as account_id, null::timestamp as last_at"
    return f"(select {ids}, {words} limit 0)"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["history", "day"])
    parser.add_argument("pattern")
    parser.add_argument("day", type=datetime.date.fromisoformat)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--memory", default="")
    parser.add_argument("--repeats", choices=["keep", "drop"], default="drop")
    asked = parser.parse_args()
    started()
    con = session(asked.memory)
    folder, day, before = asked.folder, asked.day, asked.day - datetime.timedelta(days=1)
    for name in ["events", "day_use", "state"]:
        (folder / name).mkdir(parents=True, exist_ok=True)
    target = f"{folder}/events/{day}.parquet"
    if asked.what == "history":
        everything = f"{folder}/everything.parquet"
        events(con, asked.pattern, everything)
        for file, sign in [(target, ">="), (f"{folder}/events/history.parquet", "<")]:
            con.execute(f"copy (from '{everything}' where published_at {sign} date '{before}') to '{file}' {PARQUET}")
        Path(everything).unlink()
    else:
        new = (
            ""
            if asked.repeats == "keep"
            else f"where uuid not in (select event_id from '{folder}/events/{before}.parquet')"
        )
        events(con, asked.pattern, target, asked.repeats == "keep", new)
    source = f"'{folder}/events/*.parquet'" if asked.what == "history" else f"'{target}'"
    rollup(con, source, f"{folder}/day_use/{day}.parquet")
    yesterday = nothing() if asked.what == "history" else f"'{folder}/state/{before}.parquet'"
    state(con, day, yesterday, f"'{folder}/day_use/{day}.parquet'", f"{folder}/state/{day}.parquet")


if __name__ == "__main__":
    main()
