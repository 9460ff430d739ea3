"""P1: NDJSON to events and day rollup, in Parquet."""

from data import unit
from harness import CORES, Contender, ask, python, race, warm
from machine import JSON_LIMIT
from ours import ingest_contender
from report import Section

TITLE = "ingest: NDJSON to typed events and the (app, account, day) rollup, both Parquet"


def rival(name: str, script: str, *arguments, events: str = "events", **options) -> Contender:
    def answer(folder) -> dict:
        return ask("answer.py", "files", f"{events}={folder}/events.parquet", f"rollup={folder}/rollup.parquet")

    return Contender(name, lambda folder: python(f"rivals/{script}", *arguments), answer, may_fail=True, **options)


def run(section: Section, size) -> None:
    company = unit(size.factor)
    for compression in ["none", "zstd", "gzip"]:
        log = company.log(60, compression)
        events, text = log.facts["events"], log.facts["text_bytes"]
        kind = {"none": "plain", "zstd": ".zst", "gzip": ".gz"}[compression]
        pattern = f"{log.glob}.ndjson" + {"none": "", "zstd": ".zst", "gzip": ".gz"}[compression]
        contenders = [ingest_contender("seatledger", log), rival("DuckDB", "duckdb_ingest.py", pattern)]
        if compression == "none":
            contenders += [
                rival(HASHING, "duckdb_ingest.py", pattern, "--hashes"),
                rival("chDB", "chdb_ingest.py", pattern, runs=size.slow_runs, is_further=True),
                rival("Polars", "polars_ingest.py", pattern, runs=size.slow_runs, is_further=True),
                rival("DataFusion", "datafusion_ingest.py", f"{log.folder}/", runs=size.slow_runs, is_further=True),
                Contender("simdjson", lambda folder: python("rivals/simdjson_floor.py", log.folder), may_differ=FLOOR),
            ]
        done = race(f"p1 {kind}", contenders, size.runs, log.files)
        title = f"{kind}: {events:,} events, {text / 1e9:.2f} GB of JSON"
        section.race(title, done, events, text)
        ours = done.median("seatledger")
        if done.has("DuckDB"):
            goal = ">= 2.0" if compression != "gzip" else ""
            section.ratio(f"{kind}: rows per CPU second, seatledger / DuckDB", done.median("DuckDB") / ours, goal)
            section.ratio(f"{kind}: rows per wall second, seatledger / DuckDB", walls(done))
        if compression == "none":
            for name in [HASHING, "chDB", "Polars", "DataFusion"]:
                if done.has(name):
                    section.ratio(f"{kind}: rows per CPU second, seatledger / {name}", done.median(name) / ours)
            section.ratio("gap to simdjson alone, measured: CPU, seatledger / simdjson", ours / done.median("simdjson"))
            limit = text / JSON_LIMIT
            section.ratio("gap to simdjson On-Demand, published 2.5 GB/s a core: CPU", ours / limit, "<= 3.0")
            section.ratio(
                "physics: wall / (bytes / (cores x 2.5 GB/s))", done.median("seatledger", "wall") / limit * CORES
            )
        if size.cold and compression != "gzip":
            cold = race(f"p1 {kind} cold", contenders[:2], 1, log.files, cold=True)
            section.race(f"{kind}, files not in memory", cold, events, text)
            warm(log.files)


HASHING = "DuckDB, files hashed"
FLOOR = "parses every line into a tape (DOM) and nothing else: no answer to compare"


def walls(done) -> float:
    return done.median("DuckDB", "wall") / done.median("seatledger", "wall")
