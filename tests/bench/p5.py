"""P5: memory of a large day: 25 M events over 10 M seats landed and merged."""

import datetime
import shutil
from pathlib import Path

from data import AS_OF, Company
from harness import BENCH, Contender, ask, measure, python, race, say
from ours import BINARY, MAY_EXIT, land, offers, project, run as run_command
from p2 import copy, ours as our_day
from report import Section

TITLE = "memory: a day of 25 M events landed, and merged into a state of 10 M seats"
EVENTS, SEATS, DAYS, WORKDAYS = 25_000_000, 10_000_000, 400, 286
"""At scale 1."""
BUCKETS = 8
"""A bucket is merged by itself: more than a million seats are to be spread."""
LIMIT = 1e9
YESTERDAY = AS_OF - datetime.timedelta(days=1)
BEFORE = AS_OF - datetime.timedelta(days=2)


def run(section: Section, size) -> None:
    seats = max(1000, int(SEATS * size.scale))
    company = Company(seats, DAYS, int(EVENTS * size.scale * WORKDAYS))
    day = company.log(1)
    store, tables = history(company)
    pattern = f"{day.glob}.ndjson.zst"
    contenders = [our_day("seatledger", store, day)]
    if offers("run", "--memory"):
        contenders.append(our_day("seatledger --memory 512MB", store, day, "--memory", "512MB"))
    else:
        section.notes.append("skipped: `seatledger run` knows no --memory.")
    for name, more in [
        ("DuckDB", []), ("DuckDB, 1GB", ["--memory", "1GB"]), ("DuckDB, 512MB", ["--memory", "512MB"]),
        ("DuckDB, repeats kept", ["--repeats", "keep"]),
    ]:  # fmt: skip
        contenders.append(rival(name, tables, python("rivals/duckdb_day.py", "day", pattern, AS_OF), more))
    done = race("p5", contenders, 1, day.files)
    events, rows = day.facts["events"], done.answers["seatledger"].get("state", "?").split(" rows")[0]
    section.race(
        f"{events:,} events ({day.facts['text_bytes'] / 1e9:.1f} GB of JSON) into a state of {rows} seats", done, events
    )
    peak = done.peak("seatledger")
    section.ratio("peak of seatledger / 1 GB", peak / LIMIT, "<= 1.0")
    if done.has("DuckDB"):
        section.ratio("peak of seatledger / peak of DuckDB", peak / done.peak("DuckDB"), "<= 1.0")
    if done.has("DuckDB, repeats kept"):
        section.ratio(
            "peak of seatledger / peak of DuckDB that keeps repeats", peak / done.peak("DuckDB, repeats kept")
        )
    if done.has("seatledger --memory 512MB"):
        section.ratio("peak with --memory 512MB / 512 MB", done.peak("seatledger --memory 512MB") / 512e6)
    section.notes.append("A limited DuckDB that is missing above did not finish: see its failure.")


def history(company: Company) -> tuple:
    """A store, and DuckDB's tables, of nearly all seats: 398 days of the same people, told briefly, and a yesterday as
    large as the day. Some of its events come late or again."""
    name = f"p5-{company.seats}"
    store, tables = BENCH / "stores" / name, BENCH / "stores" / f"{name}-duckdb"
    made_by = f"{BINARY.stat().st_size} {BINARY.stat().st_mtime_ns}"
    complete = tables / "complete"
    if not complete.exists() or complete.read_text() != made_by:
        brief = Company(company.seats, DAYS, int(company.seats * 1.2)).log(DAYS - 2, last=BEFORE)
        parts = [(brief, BEFORE, "history"), (company.log(1, last=YESTERDAY), YESTERDAY, "day")]
        say(f"p5: a store of {company.seats:,} seats")
        for place in [store, tables]:
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
        project(store, BUCKETS)
        for log, last, what in parts:
            land(store, log.folder, log.files)
            measure(run_command(store, last), store, may_exit=MAY_EXIT)
            shutil.rmtree(store / "extracts")
            measure(python("rivals/duckdb_day.py", what, f"{log.glob}.ndjson.zst", last, tables), tables)
        complete.write_text(made_by)
    return store, tables


def rival(name: str, tables: Path, command: list, more: list) -> Contender:
    def prepare(folder: Path) -> None:
        copy(tables, folder / "tables")

    def found(folder: Path) -> dict:
        place = folder / "tables"
        return ask("answer.py", "files", f"rollup={place}/day_use/*.parquet", f"state={place}/state/{AS_OF}.parquet")

    differs = "counts an event told twice twice: a bound, not an answer" if "--repeats" in more else ""
    return Contender(
        name, lambda folder: [*command, folder / "tables", *more], found, prepare, may_fail=True, may_differ=differs
    )
