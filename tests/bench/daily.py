#!/usr/bin/env python3
"""What the run of one more day costs after a short and after a long history.

    tests/bench/daily.py [--seats N] [--days 30,400] [--keep FOLDER]

Makes the demo company, gives every full feed an extract of every day (the demo has one a month; a copied report has its
days moved along), lands all days but the last, runs the last but one, lands the last, and takes the processor time of
its run: as usual, and with --rebuild. SEATLEDGER says which program; by default target/debug/seatledger."""

import argparse
import datetime
import gzip
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import tempfile

END = datetime.date(2026, 11, 20)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
# Feeds that add events: they are daily as they are, or hold no day twice.
EVENTS = ("system_log", "member_analytics", "login_history", "activity", "rates")


def program():
    target = os.environ.get("CARGO_TARGET_DIR", "target")
    return os.environ.get("SEATLEDGER", f"{target}/debug/seatledger")


def cpu(arguments):
    """Runs the program; seconds of processor time, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([program(), *arguments, "--quiet"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # 3: a source that the demo collects once a month is stale by then
    if done.returncode not in (0, 3):
        raise SystemExit(f"{' '.join(arguments)}: exit {done.returncode}\n{done.stderr}")
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def day_of(path):
    return datetime.date.fromisoformat(DAY.search(str(path)).group())


def moved(file, days):
    """The bytes of a report, its days moved along."""
    packed = file.suffix == ".gz"
    data = file.read_bytes()
    text = (gzip.decompress(data) if packed else data).decode()
    later = lambda found: str(datetime.date.fromisoformat(found.group()) + datetime.timedelta(days))
    data = DAY.sub(later, text).encode()
    return gzip.compress(data, mtime=0) if packed else data


def make_daily(extracts, first):
    """An extract of every day from the first on of every full feed, none of days before."""
    for stream in sorted(folder for source in extracts.iterdir() for folder in source.iterdir()):
        files = {}
        for file in sorted(path for path in stream.rglob("*") if path.is_file()):
            files.setdefault(day_of(file.relative_to(stream)), []).append(file)
        days = [first + datetime.timedelta(n) for n in range((END - first).days + 1)]
        if stream.name not in EVENTS:
            for day in days:
                near = max((known for known in files if known <= day), default=min(files))
                if near == day:
                    continue
                for file in files[near]:
                    name = DAY.sub(str(day), str(file.relative_to(stream)), count=1)
                    copy = stream / name
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    is_report = stream.parent.name == "microsoft365" and stream.name.endswith("_detail")
                    if is_report:
                        copy.write_bytes(moved(file, (day - near).days))
                    else:
                        shutil.copyfile(file, copy)
        for file in (file for day in files if day < first for file in files[day]):
            file.unlink()


def project_of(company, days, folder):
    """A project with so many days of the company's history."""
    shutil.copytree(company, folder, ignore=shutil.ignore_patterns("warehouse", "outputs", "private*"))
    make_daily(folder / "extracts", END - datetime.timedelta(days - 1))
    return folder


def hide_last_day(project, aside):
    for file in sorted(path for path in (project / "extracts").rglob("*") if path.is_file()):
        inner = file.relative_to(project / "extracts")
        if day_of(inner) == END:
            (aside / inner).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(file, aside / inner)


def measure(company, days, home, times):
    project = project_of(company, days, home / f"{days}-days")
    aside = home / f"{days}-days-last"
    hide_last_day(project, aside)
    place = ["--project", str(project)]
    before = str(END - datetime.timedelta(1))
    cpu(["ingest", *place])
    cpu(["run", *place, "--as-of", before])
    shutil.copytree(aside, project / "extracts", dirs_exist_ok=True)
    landing = cpu(["ingest", *place])
    usual = [cpu(["run", *place, "--as-of", str(END)]) for _ in range(times)]
    anew = [cpu(["run", *place, "--as-of", str(END), "--rebuild"]) for _ in range(max(1, times // 2))]
    print(
        f"{days:>5} days: landing of the last {landing:6.2f} s, its run {statistics.median(usual):6.2f} s, "
        f"--rebuild {statistics.median(anew):6.2f} s of processor time",
        flush=True,
    )
    return statistics.median(usual), statistics.median(anew)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seats", type=int, default=2000)
    options.add_argument("--days", default="30,400")
    options.add_argument("--times", type=int, default=3)
    options.add_argument("--keep", type=pathlib.Path)
    given = options.parse_args()
    home = given.keep or pathlib.Path(tempfile.mkdtemp(prefix="seatledger-daily-"))
    home.mkdir(parents=True, exist_ok=True)
    company = home / "company"
    lengths = [int(days) for days in given.days.split(",")]
    if not company.exists():
        cpu(["demo", str(company), "--seats", str(given.seats), "--days", str(max(*lengths, 150)), "--as-of", str(END)])
    found = [measure(company, days, home, given.times) for days in lengths]
    (short, _), (long, anew) = found[0], found[-1]
    print(f"{lengths[-1]} days cost {long / short:.3f} of {lengths[0]}; a rebuild costs {anew / long:.1f} times the run")
    if not given.keep:
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
