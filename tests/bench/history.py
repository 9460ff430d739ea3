"""P8b: the long history, for real. A day is made, landed and merged, its extract dropped; then the next.

    run.sh history [--events 200000000] [--seats 1000000] [--days 400] [--batch 7] [--folder DIR]

Every day leaves a line of JSON in FOLDER/history.jsonl: seconds, CPU, peak and bytes on disk. Stopped, it goes on
where it stopped when called again with the same numbers.
"""

import argparse
import datetime
import json
import os
import shutil
import sys
import time
from pathlib import Path

from data import AS_OF, LOG, Company, days_up_to
from harness import BENCH, Cost, Failed, measure, say
from ours import MAY_EXIT, ingest, project, run as run_command, store_bytes


def main() -> int:
    parser = argparse.ArgumentParser(prog="run.sh history")
    parser.add_argument("--events", type=int, default=400_000, help="in all (200000000 for the real run)")
    parser.add_argument("--seats", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=150)
    parser.add_argument("--batch", type=int, default=7, help="days made at a time: making the company costs as much")
    parser.add_argument(
        "--merge", choices=["daily", "last"], default="daily", help="`run` every day, or on the last alone"
    )
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    company = Company(asked.seats, asked.days, asked.events)
    name = f"history-{asked.seats}-{asked.days}-{asked.events}-{asked.merge}"
    folder = asked.folder or BENCH / "stores" / name
    if not (folder / "seatledger.toml").exists():
        folder.mkdir(parents=True, exist_ok=True)
        project(folder)
    lines = folder / "history.jsonl"
    done = {line["day"] for line in read(lines)}
    days = [day for day in days_up_to(AS_OF, asked.days) if str(day) not in done]
    made = BENCH / "scratch" / f"{name}-made"
    for at in range(0, len(days), asked.batch):
        batch = days[at : at + asked.batch]
        shutil.rmtree(made, ignore_errors=True)
        begin = time.monotonic()
        facts = company.make(made, batch[0], batch[-1])
        say(f"history: made {batch[0]} to {batch[-1]}, {facts['events']:,} events, {time.monotonic() - begin:.0f} s")
        for day in batch:
            line = one_day(folder, made, day, asked.merge == "daily" or day == AS_OF)
            with open(lines, "a") as file:
                file.write(json.dumps(line) + "\n")
            say(f"history: {day}: {json.dumps(line)}")
    shutil.rmtree(made, ignore_errors=True)
    print(summary(read(lines), folder))
    return 0


def read(lines: Path) -> list:
    """The days so far; a line that was cut off is no day."""
    found = []
    for line in lines.read_text().splitlines() if lines.exists() else []:
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found


def one_day(folder: Path, made: Path, day: datetime.date, is_merged: bool) -> dict:
    """Lands one day and merges it; its extract is gone afterwards."""
    extracts = folder / LOG
    shutil.rmtree(extracts, ignore_errors=True)
    extracts.mkdir(parents=True)
    files = [path for path in sorted((made / LOG).rglob("*")) if path.is_file() and str(day) in str(path)]
    size = sum(path.stat().st_size for path in files)
    for path in files:
        target = extracts / path.relative_to(made / LOG)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, target)
    landed = measure(ingest(folder), folder) if files else Cost(0, 0, 0, 0)
    merged = measure(run_command(folder, day), folder, may_exit=MAY_EXIT) if is_merged else None
    shutil.rmtree(extracts)
    line = {"day": str(day), "extract_bytes": size, "rows": rows_of(folder, day), "ingest": figures(landed)}
    if merged:
        line["run"] = figures(merged)
    return line | {"store_bytes": store_bytes(folder)}


def rows_of(folder: Path, day: datetime.date) -> int:
    """Events kept, as the newest record of the log's chain says, when it is of this day."""
    records = sorted((folder / "warehouse/commits/raw/okta/system_log").glob("*.json"))
    record = json.loads(records[-1].read_text()) if records else {}
    if record.get("extract_date") != str(day):
        return 0
    return sum(file["rows"] for file in record["files"] if file["path"].startswith("raw/"))


def figures(cost: Cost) -> dict:
    return {"wall": round(cost.wall, 3), "cpu": round(cost.cpu, 3), "peak_bytes": cost.peak}


def summary(lines: list, folder: Path) -> str:
    """The history in words, with the slope that larger ones are stated from."""
    if not lines:
        raise Failed("no day was landed")
    rows = sum(line["rows"] for line in lines)
    total = {part: sum(line[part]["cpu"] for line in lines if part in line) for part in ["ingest", "run"]}
    walls = {part: sum(line[part]["wall"] for line in lines if part in line) for part in ["ingest", "run"]}
    peak = max(line[part]["peak_bytes"] for line in lines for part in ["ingest", "run"] if part in line)
    size = sum(lines[-1]["store_bytes"].values())
    runs = [line["run"]["cpu"] for line in lines if "run" in line and line["rows"]]
    tenth = max(1, len(runs) // 10)
    spent = [f"{part} {walls[part]:,.0f} s ({total[part]:,.0f} s CPU)" for part in total]
    out = [
        f"{len(lines)} days, {rows:,} events in {folder}",
        f"{', '.join(spent)}; peak {peak / 1e6:,.0f} MB; store {size / 1e9:.2f} GB: "
        + ", ".join(f"{part} {bytes_ / 1e9:.2f}" for part, bytes_ in sorted(lines[-1]["store_bytes"].items())),
    ]
    if rows:
        cpu, space = total["ingest"] / rows, size / rows
        out.append(f"ingest {cpu * 1e6:.2f} us CPU and {space:.0f} bytes of store an event; by that slope:")
        for events in [1e9, 1e10]:
            hours, gigabytes = cpu * events / 3600, space * events / 1e9
            out.append(f"{events / 1e9:g} billion events: {hours:,.1f} CPU hours of ingest, {gigabytes:,.0f} GB")
    if len(runs) > 1:
        first, last = sum(runs[:tenth]) / tenth, sum(runs[-tenth:]) / tenth
        out.append(f"CPU of a day's run, mean of the last tenth of days / of the first: {last:.2f} s / {first:.2f} s")
    return "\n".join(out)


if __name__ == "__main__":
    sys.exit(main())
