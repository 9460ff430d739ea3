"""dbt-duckdb on Parquet, where it cannot be incremental: every model is made anew, each day.

    dbt_rebuild.py PATTERN DAY FOLDER

FOLDER is one that `duckdb_day.py history` made: the events of the past need no parsing. Models: the new day's events,
the rollup of all days, the state of the seats. All are external Parquet files below `built/`.
"""

import os
import sys
import datetime
from pathlib import Path

from dbt.cli.main import dbtRunner

import ring
from child import started
from duckdb_ingest import text

PROJECT = """name: rebuild
version: "1.0"
profile: rebuild
model-paths: [models]
"""
PROFILE = """rebuild:
  target: here
  outputs:
    here:
      type: duckdb
      path: ":memory:"
      threads: 1
      settings: {{threads: {cores}, preserve_insertion_order: false, TimeZone: UTC, temp_directory: spill}}
"""


def model(name: str, statement: str) -> str:
    where = f"materialized='external', location='built/{name}.parquet', format='parquet', options={{'codec': 'zstd'}}"
    return "{{ config(" + where + ") }}\n" + statement


def models(pattern: str, day: datetime.date, folder: str) -> dict:
    before = day - datetime.timedelta(days=1)
    new = f"where uuid not in (select event_id from '{folder}/events/{before}.parquet')"
    today = text("events.sql", files=f"'{pattern}'", new=new) + "select distinct * from kept"
    known = f"(from '{folder}/events/*.parquet' union all by name from {{{{ ref('events') }}}})"
    masked = ", ".join(f"w{word} & {mask}::ubigint as w{word}" for word, mask in enumerate(ring.kept(day)))
    state = f"""
        with seats as (
            select app_instance_id, account_id, max(last_at) as last_at, {ring.bits('used_on')}
            from {{{{ ref('day_use') }}}}
            where sign_ins > 0
            group by app_instance_id, account_id
        )

        select app_instance_id, account_id, last_at, {masked} from seats"""
    return {"events": today, "day_use": text("rollup.sql", events=known), "seat_state": state}


def main() -> None:
    pattern, day, folder = sys.argv[1], datetime.date.fromisoformat(sys.argv[2]), sys.argv[3]
    for name in ["models", "built"]:
        Path(name).mkdir(exist_ok=True)
    Path("dbt_project.yml").write_text(PROJECT)
    Path("profiles.yml").write_text(PROFILE.format(cores=len(os.sched_getaffinity(0))))
    for name, statement in models(pattern, day, folder).items():
        Path(f"models/{name}.sql").write_text(model(name, statement))
    started()
    done = dbtRunner().invoke(
        ["run", "--project-dir", ".", "--profiles-dir", ".", "--no-send-anonymous-usage-stats", "--quiet"]
    )
    if not done.success:
        sys.exit(str(done.exception or [result.message for result in done.result]))


if __name__ == "__main__":
    main()
