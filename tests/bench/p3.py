"""P3: last sign-in and active days within 30, 60 and 90 days: from events, and from the state of the seats."""

import hashlib
import json
import shutil
from pathlib import Path

from data import AS_OF, unit
from harness import BENCH, CORES, Contender, Unfair, ask, measure, python, race, scratch
from machine import MEMORY_LIMIT
from ours import BINARY, MAY_EXIT, land, project, run as run_command
from report import Section

TITLE = "last sign-in and active days 30/60/90 of every seat, summed up by app"
EVENTS, ACCOUNTS, DAYS = [4_000_000, 16_000_000], 100_000, 400
"""At factor 1: 4 M and 16 M events over some 1 M seats."""
WAYS = ["distinct", "steps", "bits"]


def run(section: Section, size) -> None:
    factor = size.factor * 2.5 if size.quick else size.factor
    for count in EVENTS:
        integers(section, size, int(count * factor), int(ACCOUNTS * factor), count == max(EVENTS))
    our_store(section, size)


def integers(section: Section, size, count: int, accounts: int, is_long: bool) -> None:
    folder = BENCH / "data" / f"integers-{count}-{accounts}"
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        measure(python("rivals/integers.py", count, accounts, DAYS, AS_OF, folder), folder)
        (folder / "complete").touch()
    events, state = folder / "events.parquet", folder / "state.parquet"
    asked = [(engine, way, events) for engine in ["datafusion", "duckdb"] for way in WAYS]
    asked += [(engine, "state", state) for engine in ["datafusion", "duckdb"]]

    def contender(engine: str, way: str, file: Path) -> Contender:
        command = python("rivals/seats_query.py", engine, way, file, AS_OF)
        runs = size.slow_runs if way == "distinct" else size.runs
        return Contender(f"{NAMES[engine]} {way}", lambda folder: command, summary, runs=runs)

    title = f"{count / 1e6:g} M events"
    each_seat(section, title, asked)
    done = race(f"p3 {title}", [contender(*one) for one in asked], size.runs, [events, state])
    section.race(f"{title}, ids as integers, one Parquet file", done, count)
    from_events = {engine: min(done.median(f"{name} {way}") for way in WAYS) for engine, name in NAMES.items()}
    ours, theirs = done.median("DataFusion state"), from_events["duckdb"]
    section.ratio(
        f"{title}: CPU from events, DuckDB / DataFusion, each the best of its ways",
        theirs / from_events["datafusion"],
        ">= 0.9",
    )
    for way in WAYS:
        ratio = done.median(f"DuckDB {way}") / done.median(f"DataFusion {way}")
        section.ratio(f"{title}: CPU from events, DuckDB / DataFusion, both `{way}`", ratio)
    section.ratio(
        f"{title}: CPU, best of DuckDB from events / ours from state", theirs / ours, ">= 20" if is_long else ""
    )
    section.ratio(
        f"{title}: CPU, DuckDB count(distinct) from events / ours from state", done.median("DuckDB distinct") / ours
    )
    section.ratio(f"{title}: CPU from state, DuckDB / DataFusion", done.median("DuckDB state") / ours)
    wall = done.median("DataFusion state", "wall")
    section.ratio(
        f"{title}: physics, wall / (bytes of the state in memory / (cores x 18 GB/s))",
        wall / (seats_of(folder) * 70 / MEMORY_LIMIT / CORES),
    )
    if is_long:
        section.notes += [
            "DataFusion takes batches of 8192 rows, its default and that of src/engine/settings.rs.",
            "From events both engines are asked in three ways, judged by their best: `distinct` is count(distinct day), "
            "`steps` groups by day and then by seat, `bits` collects days as bits of two words.",
            "DataFusion from Python counts bits in numpy, where our binary has `active_days`; DuckDB has bit_count.",
        ]


NAMES = {"datafusion": "DataFusion", "duckdb": "DuckDB"}


def seats_of(folder: Path) -> int:
    return sum(row[1] for row in json.loads((folder / "summary.json").read_text()))


def each_seat(section: Section, title: str, asked: list) -> None:
    """Once, untimed: every seat's row, whatever the way, must be the same."""
    found = {}
    for engine, way, file in asked:
        place = scratch("p3-seats")
        command = python("rivals/seats_query.py", engine, way, file, AS_OF)
        measure([*command, "--seats", place / "seats.parquet"], place)
        found.setdefault(ask("answer.py", "files", f"seats={place}/seats.parquet")["seats"], []).append(
            f"{engine} {way}"
        )
        if way == "state":
            measure(command, place)
            (file.parent / "summary.json").write_text((place / "answer.json").read_text())
    if len(found) > 1:
        raise Unfair(f"{title}: the seats differ: {found}")
    section.equal[f"{title}: every seat"] = [f"{value} ({', '.join(names)})" for value, names in found.items()]


def summary(folder: Path) -> dict:
    rows = json.loads((folder / "answer.json").read_text())
    return {"summary": f"{len(rows)} apps, sha256 {hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]}"}


def our_store(section: Section, size) -> None:
    """The same question to our own store, by our binary and by DuckDB: ids are the vendor's texts there."""
    log = unit(size.factor).log(60)
    store = scratch("p3-store")
    home = BENCH / "stores" / "p3"
    land(project(store), log.folder, log.files)
    measure(run_command(store, AS_OF), store, may_exit=MAY_EXIT)
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(exist_ok=True)
    store.rename(home)
    question = ask("rivals/store_query.py", "ours", "-", AS_OF)["sql"]
    ours = Contender(
        "seatledger sql, from state",
        lambda folder: [BINARY, "--quiet", "sql", question, "--project", home, "--as-of", AS_OF, "--format", "json"],
        sql_summary,
    )
    rivals = [
        Contender(
            f"DuckDB, from our {way}",
            lambda folder, way=way: python("rivals/store_query.py", way, home / "warehouse", AS_OF),
            summary,
        )
        for way in ["events", "day_use", "state"]
    ]
    done = race("p3 store", [ours, *rivals], size.runs)
    section.race(f"our own store, {log.facts['events']:,} events of 60 days", done)
    section.ratio(
        "our store: CPU, DuckDB from events / seatledger sql from state, whole process",
        done.median("DuckDB, from our events") / done.median(ours.name),
    )
    section.ratio(
        "our store: CPU, DuckDB from state / seatledger sql from state, whole process",
        done.median("DuckDB, from our state") / done.median(ours.name),
    )


def sql_summary(folder: Path) -> dict:
    rows = json.loads((folder / "stdout.txt").read_text())
    (folder / "answer.json").write_text(
        json.dumps([[r["app"], *(int(r[k]) for k in KEYS), r["last_on"]] for r in rows])
    )
    return summary(folder)


KEYS = ["seats", "d30", "d60", "d90"]
