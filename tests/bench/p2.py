"""P2: what a day costs, whatever the history."""

import datetime
import os
import shutil
from pathlib import Path

from data import AS_OF, Company
from harness import BENCH, Contender, ask, measure, python, race, say, scratch
from ours import MAY_EXIT, answer, land, offer, offers, project, run as run_command
from report import Section

TITLE = "a day: parse it, keep its events, roll it up, merge it into the state of the seats"
EVENTS, USERS = 20_000_000, 50_000
"""Of 400 days, at scale 1."""
HISTORIES = [30, 400]
MORE = "once more"
RIVALS = {"DuckDB by hand": ">= 1.5", "dbt-duckdb": ">= 10"}
"""What takes a day in, and does no more than that: the goals are held by our parsing and merging alone."""
YESTERDAY = AS_OF - datetime.timedelta(days=1)


def run(section: Section, size) -> None:
    company = Company(max(1000, int(USERS * size.history * 2.2)), 401, int(EVENTS * size.history * 401 / 400))
    day = company.log(1)
    section.notes.append(f"The day: {day.facts['events']:,} events, {day.facts['text_bytes'] / 1e6:.0f} MB of JSON.")
    stores = {days: store(company, days, size) for days in HISTORIES}
    short, long = HISTORIES
    contenders = [
        ours(f"seatledger, day {short}", stores[short], day, group="the short history"),
        ours(f"seatledger, day {short} {MORE}", stores[short], day, is_again=True, group="the short history"),
        ours(f"seatledger, day {long}", stores[long], day),
        ours(f"seatledger, day {long} {MORE}", stores[long], day, is_again=True),
    ]
    tables, pattern = by_hand(company, long), f"{day.glob}.ndjson.zst"
    contenders += [
        rival("DuckDB by hand", tables, python("rivals/duckdb_day.py", "day", pattern, AS_OF), True),
        rival("dbt-duckdb", tables, python("rivals/dbt_rebuild.py", pattern, AS_OF), False, runs=size.slow_runs),
        fresh(company, long, day, runs=size.slow_runs),
    ]
    if offers("run", "--rebuild"):
        contenders.append(ours("seatledger --rebuild", stores[long], day, "--rebuild", runs=size.slow_runs))
    done = race("p2", contenders, size.runs, day.files)
    section.race(f"after {HISTORIES[0]} and {long} days", done, day.facts["events"])
    report(section, done)


def report(section: Section, done) -> None:
    short, long = (f"seatledger, day {days}" for days in HISTORIES)
    section.ratio("CPU of day 400 / of day 30", done.median(long) / done.median(short), "<= 1.15")
    section.ratio("wall of day 400 / of day 30", done.median(long, "wall") / done.median(short, "wall"))
    for rival_name in ["seatledger from nothing", *RIVALS, "seatledger --rebuild"]:
        if done.has(rival_name):
            goal = ">= 10" if rival_name == "seatledger from nothing" else ""
            section.ratio(f"CPU of {rival_name} / of our day 400", done.median(rival_name) / done.median(long), goal)
            section.ratio(
                f"wall of {rival_name} / of our day 400", done.median(rival_name, "wall") / done.median(long, "wall")
            )
    for what, name in [("cpu", "CPU"), ("wall", "wall")]:
        alone = {day: done.more(day, f"{day} {MORE}", what) for day in [short, long]}
        if any(alone[day] < 0.05 * done.median(day, what) for day in alone):
            section.notes.append(f"{name} of parsing and merging alone is lost in that of a run: take a larger --scale.")
            continue
        section.ratio(f"{name} of parsing and merging alone, day 400 / day 30", alone[long] / alone[short])
        for rival_name, goal in RIVALS.items():
            if done.has(rival_name):
                section.ratio(
                    f"{name} of {rival_name} / of our parsing and merging alone",
                    done.median(rival_name, what) / alone[long],
                    goal if what == "cpu" else "",
                )
    section.notes.append(
        "Ours is `seatledger run` whole: it also builds every model, writes report and snapshot and seals them, which "
        "the rivals do not; with one source the models have no seats to judge. `parsing and merging alone` is that "
        "less the same day run once more, when nothing is left to parse or merge, by the median of the differences in each "
        "turn: what the script by hand does."
    )


def store(company: Company, days: int, size) -> Path:
    """A project with so many days landed and merged, made once for all runs."""
    say(f"p2: a store of {days} days")
    log, folder = company.log(days, last=YESTERDAY), BENCH / "stores" / f"p2-{company.seats}-{company.events}-{days}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    land(project(folder), log.folder, log.files)
    measure(run_command(folder, YESTERDAY), folder, may_exit=MAY_EXIT)
    shutil.rmtree(folder / "extracts")
    return folder


def copy(store: Path, folder: Path) -> None:
    """A store is never overwritten: links are a copy."""
    shutil.copytree(store, folder, copy_function=os.link, dirs_exist_ok=True)


def ours(name: str, store: Path, day, *more, is_again: bool = False, **options) -> Contender:
    def prepare(folder: Path) -> None:
        copy(store, folder)
        offer(folder, day.folder, day.files)
        if is_again:
            measure(run_command(folder, AS_OF), folder, may_exit=MAY_EXIT)

    return Contender(
        name, lambda folder: run_command(folder, AS_OF, "", *more), results, prepare, may_exit=MAY_EXIT, **options
    )


def fresh(company: Company, days: int, day, **options) -> Contender:
    """Everything landed into a new store."""
    log = company.log(days, last=YESTERDAY)

    def prepare(folder: Path) -> None:
        offer(project(folder), log.folder, log.files)
        offer(folder, day.folder, day.files)

    return Contender(
        "seatledger from nothing",
        lambda folder: run_command(folder, AS_OF),
        results,
        prepare,
        may_exit=MAY_EXIT,
        **options,
    )


def results(folder: Path) -> dict:
    return answer(folder, "rollup", "state")


def by_hand(company: Company, days: int) -> Path:
    """The same history on the same layout, made by DuckDB."""
    log, folder = company.log(days, last=YESTERDAY), scratch("p2-tables")
    measure(python("rivals/duckdb_day.py", "history", f"{log.glob}.ndjson.zst", YESTERDAY, folder), folder)
    target = BENCH / "stores" / f"p2-{company.seats}-{company.events}-{days}-duckdb"
    shutil.rmtree(target, ignore_errors=True)
    folder.rename(target)
    return target


def rival(name: str, tables: Path, command: list, is_incremental: bool, **options) -> Contender:
    def prepare(folder: Path) -> None:
        copy(tables, folder / "tables")

    def found(folder: Path) -> dict:
        place = folder / ("tables" if is_incremental else "built")
        rollup = f"{place}/day_use/*.parquet" if is_incremental else f"{place}/day_use.parquet"
        state = f"{place}/state/{AS_OF}.parquet" if is_incremental else f"{place}/seat_state.parquet"
        return ask("answer.py", "files", f"rollup={rollup}", f"state={state}")

    return Contender(name, lambda folder: [*command, folder / "tables"], found, prepare, may_fail=True, **options)
