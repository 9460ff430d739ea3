"""P8: curves. The same at 1x, 4x and 16x: time may grow with the data and no faster, memory hardly at all."""

from data import unit
from harness import Contender, race
from ours import ingest_contender
from p1 import rival
from report import Section

TITLE = "curves of ingest at 1x, 4x and 16x (1x: 2 M events, 50 k users, 60 days)"
TIMES = [1, 4, 16]


def run(section: Section, size) -> None:
    rows, costs = [], {}
    factor = size.factor / 2 if size.quick else size.factor
    for times in TIMES:
        log = unit(factor * times).log(60)
        contenders: list[Contender] = [ingest_contender("seatledger", log, "types")]
        contenders.append(rival("DuckDB", "duckdb_ingest.py", f"{log.glob}.ndjson.zst", events="types"))
        done = race(f"p8 {times}x", contenders, 1 if times == max(TIMES) else min(size.runs, 3), log.files)
        section.race(
            f"{times}x: {log.facts['events']:,} events, .zst", done, log.facts["events"], log.facts["text_bytes"]
        )
        costs[times] = {name: (done.median(name), done.median(name, "wall"), done.peak(name)) for name in done.costs}
        costs[times]["events"] = log.facts["events"]
    first = costs[TIMES[0]]
    for times in TIMES[1:]:
        growth = costs[times]["events"] / first["events"]
        for name in ["seatledger", "DuckDB"]:
            if name in costs[times] and name in first:
                cpu, wall = costs[times][name][0] / first[name][0], costs[times][name][1] / first[name][1]
                goal = "<= 1.1" if name == "seatledger" and times == max(TIMES) else ""
                section.ratio(f"{name}: CPU at {times}x / ({growth:.2f} x CPU at 1x)", cpu / growth, goal)
                section.ratio(f"{name}: wall at {times}x / ({growth:.2f} x wall at 1x)", wall / growth, goal)
                rows.append([name, f"{times}x", f"{growth:.2f}", f"{cpu:.2f}", f"{wall:.2f}"])
    section.table("growth from 1x", ["", "size", "events", "CPU", "wall"], rows)
    for name, goal in [("seatledger", "<= 1.3"), ("DuckDB", "")]:
        if name in costs[4] and name in costs[16]:
            section.ratio(f"{name}: peak at 16x / at 4x", costs[16][name][2] / costs[4][name][2], goal)
