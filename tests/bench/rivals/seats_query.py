"""Last sign-in and active days within 30, 60 and 90 days, summed up by app.

    seats_query.py ENGINE WAY FILE AS_OF [--seats TARGET]

ENGINE duckdb or datafusion. WAY from events: `distinct` (count(distinct day)), `steps` (by day, then by seat), `bits`
(days as bits of two words); `state` from the state of the seats. --seats writes the seats instead.
"""

import argparse
import datetime
import json
import os

import ring
from child import started

WINDOWS = [30, 60, 90]
SUMMARY = """
    select
        app, count(*) as seats, sum(d30) as d30, sum(d60) as d60, sum(d90) as d90,
        sum(case when d90 = 0 then 1 else 0 end) as idle, max(last_at) as last_at, sum(last_at) as sum_of_last_at
    from ({seats}) as seats
    group by app
    order by app"""


def after(as_of: datetime.date, days: int) -> str:
    return f"date '{as_of - datetime.timedelta(days=days)}'"


def distinct(source: str, as_of: datetime.date) -> str:
    windows = ", ".join(f"count(distinct case when day > {after(as_of, n)} then day end) as d{n}" for n in WINDOWS)
    return f"select app, account, max(ts) as last_at, {windows} from {source} group by app, account"


def steps(source: str, as_of: datetime.date) -> str:
    days = f"select app, account, day, max(ts) as ts from {source} group by app, account, day"
    windows = ", ".join(f"sum(case when day > {after(as_of, n)} then 1 else 0 end) as d{n}" for n in WINDOWS)
    return f"select app, account, max(ts) as last_at, {windows} from ({days}) as days group by app, account"


def bits(source: str, as_of: datetime.date) -> str:
    """Days by their age as bits of two words: 0 to 59, 60 to 89."""
    ages = f"select app, account, ts, date '{as_of}' - day as age from {source}"
    one = "cast(1 as bigint)"
    young = f"bit_or(case when age < 60 then {one} << age else 0 end)"
    old = f"bit_or(case when age >= 60 and age < 90 then {one} << (age - 60) else 0 end)"
    words = f"{young} as young, {old} as old"
    seats = f"select app, account, max(ts) as last_at, {words} from ({ages}) as ages group by app, account"
    month = (1 << 30) - 1
    return f"""
        select
            app, account, last_at, bit_count(young & {month}) as d30, bit_count(young) as d60,
            bit_count(young) + bit_count(old) as d90
        from ({seats}) as seats"""


def counted(as_of: datetime.date, days: int) -> str:
    """The bits of a window in the words it touches, in DuckDB."""
    masks = [(word, ring.signed(mask)) for word, mask in enumerate(ring.window(as_of, days)) if mask]
    return " + ".join(f"bit_count(w{word} & ({mask})::bigint)" for word, mask in masks)


def state(source: str, as_of: datetime.date, engine: str) -> str:
    words = ", ".join(f"w{n}" for n in range(ring.WORDS))
    call = {"duckdb": lambda n: counted(as_of, n), "datafusion": lambda n: f"active_days_{n}({words})"}[engine]
    windows = ", ".join(f"{call(n)} as d{n}" for n in WINDOWS)
    return f"select app, account, last_at, {windows} from {source}"


def seats(engine: str, way: str, source: str, as_of: datetime.date) -> str:
    if way == "state":
        return state(source, as_of, engine)
    return {"distinct": distinct, "steps": steps, "bits": bits}[way](source, as_of)


def duckdb_engine(asked):
    import duckdb

    started()
    con = duckdb.connect()
    con.execute(f"set threads = {len(os.sched_getaffinity(0))}; set preserve_insertion_order = false")
    return lambda statement: con.execute(statement).fetchall(), f"'{asked.file}'"


def datafusion_engine(asked):
    import numpy
    import pyarrow
    from datafusion import SessionConfig, SessionContext, udf

    started()
    config = SessionConfig().with_target_partitions(len(os.sched_getaffinity(0)))
    context = SessionContext(config)
    context.register_parquet("source", asked.file)
    for days in WINDOWS:
        masks = numpy.array(ring.window(asked.as_of, days), numpy.uint64)

        def count(*words, masks=masks):
            """DataFusion has no bit_count; our binary has active_days, this stands for it."""
            arrays = [word.to_numpy(zero_copy_only=True).view(numpy.uint64) for word in words]
            ones = sum(numpy.bitwise_count(word & mask) for word, mask in zip(arrays, masks))
            return pyarrow.array(ones.astype(numpy.int64))

        kinds = [pyarrow.int64()] * ring.WORDS
        context.register_udf(udf(count, kinds, pyarrow.int64(), "immutable", name=f"active_days_{days}"))

    def bit_count(words):
        return pyarrow.array(numpy.bitwise_count(words.to_numpy(zero_copy_only=True)).astype(numpy.int64))

    context.register_udf(udf(bit_count, [pyarrow.int64()], pyarrow.int64(), "immutable", name="bit_count"))

    def query(statement: str) -> list:
        return [tuple(row.values()) for batch in context.sql(statement).collect() for row in batch.to_pylist()]

    return query, "source"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=["duckdb", "datafusion"])
    parser.add_argument("way", choices=["distinct", "steps", "bits", "state"])
    parser.add_argument("file")
    parser.add_argument("as_of", type=datetime.date.fromisoformat)
    parser.add_argument("--seats", default="")
    asked = parser.parse_args()
    query, source = {"duckdb": duckdb_engine, "datafusion": datafusion_engine}[asked.engine](asked)
    found = seats(asked.engine, asked.way, source, asked.as_of)
    if asked.seats:
        stored = "stored as parquet" if asked.engine == "datafusion" else "(format parquet)"
        query(f"copy ({found}) to '{asked.seats}' {stored}")
    else:
        with open("answer.json", "w") as file:
            json.dump([[int(value) for value in row] for row in query(SUMMARY.format(seats=found))], file)


if __name__ == "__main__":
    main()
