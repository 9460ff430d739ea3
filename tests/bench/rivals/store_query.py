"""DuckDB on the Parquet of our own store: last sign-in and active days within 30, 60 and 90 days, summed up by app.

store_query.py events|day_use|state WAREHOUSE AS_OF
store_query.py ours - AS_OF                             only says the question for `seatledger sql`
"""

import datetime
import json
import sys

import ring
from child import started
from duckdb_ingest import session
from seats_query import WINDOWS, after, counted

ATTEMPTS = """(
    select app_instance_id as app, actor_id as account, cast(published_at as date) as day, published_at as used_at
    from '{warehouse}/raw/okta/system_log/*/*.parquet'
    where
        event_type = 'user.authentication.sso' and actor_type = 'User' and actor_id is not null
        and app_instance_id is not null and outcome_result = 'SUCCESS'
)"""
DAYS = """(
    select app_instance_id as app, account_id as account, used_on as day, last_at as used_at
    from '{warehouse}/usage/okta/system_log/day_use/*/*.parquet'
    where sign_ins > 0
)"""
STATE = "'{warehouse}/usage/okta/system_log/seat_state/{as_of}/*.parquet'"
SUMMARY = """
    select
        app, count(*) as seats, sum(d30) as d30, sum(d60) as d60, sum(d90) as d90,
        cast(cast(max(last_at) as date) as varchar) as last_on
    from ({seats}) as seats
    group by app
    order by app"""


def seats(way: str, warehouse: str, as_of: datetime.date) -> str:
    if way == "state":
        windows = ", ".join(f"{counted(as_of, n)} as d{n}" for n in WINDOWS)
        return (
            f"select app_instance_id as app, last_at, {windows} from {STATE.format(warehouse=warehouse, as_of=as_of)}"
        )
    source = {"events": ATTEMPTS, "day_use": DAYS}[way].format(warehouse=warehouse)
    days = f"select app, account, day, max(used_at) as used_at from {source} group by app, account, day"
    windows = ", ".join(f"count(*) filter (where day > {after(as_of, n)}) as d{n}" for n in WINDOWS)
    return f"select app, account, max(used_at) as last_at, {windows} from ({days}) as days group by app, account"


def ours(as_of: datetime.date) -> str:
    """The same question to our own binary."""
    words = ", ".join(f"w{n}" for n in range(ring.WORDS))
    windows = ", ".join(f"active_days({words}, {after(as_of, n)}, date '{as_of}') as d{n}" for n in WINDOWS)
    return SUMMARY.format(seats=f"select app_instance_id as app, last_at, {windows} from usage.sign_ins")


def main() -> None:
    way, warehouse, as_of = sys.argv[1], sys.argv[2], datetime.date.fromisoformat(sys.argv[3])
    if way == "ours":
        return json.dump({"sql": ours(as_of)}, sys.stdout)
    started()
    con = session()
    rows = con.execute(SUMMARY.format(seats=seats(way, warehouse, as_of))).fetchall()
    with open("answer.json", "w") as file:
        json.dump([[app, *(int(value) for value in numbers), last] for app, *numbers, last in rows], file)


if __name__ == "__main__":
    main()
