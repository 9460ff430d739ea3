"""P6: two shards against one, and a cluster against one process."""

import os
import shutil
import subprocess
from pathlib import Path

from data import AS_OF, Company
from harness import BENCH, CORES, HERE, Contender, as_typed, measure, race
from ours import BINARY, MAY_EXIT, answer, ingest, offer, offers, project, run as run_command
from p2 import copy
from report import Section

TITLE = "two shards on two cores against one, and a cluster against one process"
SEATS, HISTORY, EVENTS = 2_000_000, 200, 8_000_000
"""At factor 1; what is timed is the merge of all that landed."""


def run(section: Section, size) -> None:
    shards(section, size)
    cluster(section, size)


def shards(section: Section, size) -> None:
    if not offers("run", "--shard"):
        section.notes.append("skipped: `seatledger run` knows no --shard.")
        return
    if CORES < 2 or not shutil.which("taskset"):
        section.notes.append("skipped: two cores and `taskset` are needed to tell two shards from one.")
        return
    store, events = landed(section, size)

    def prepare(folder: Path) -> None:
        copy(store, folder)

    def contender(name: str, command) -> Contender:
        return Contender(name, command, lambda folder: answer(folder, "state"), prepare, may_exit=MAY_EXIT)

    def pinned(core: int, folder: Path, *more) -> str:
        command = run_command(folder, AS_OF, "", *more)
        return " ".join(["taskset", "-c", str(core), *(str(part) for part in command)])

    first, second = sorted(os.sched_getaffinity(0))[:2]

    def two(folder: Path) -> list:
        one, other = pinned(first, folder, "--shard", "1/2"), pinned(second, folder, "--shard", "2/2")
        # 3 is no failure, see MAY_EXIT.
        sound = "sound() { [ $1 -eq 0 ] || [ $1 -eq 3 ]; }"
        return ["sh", "-c", f"{sound}; {one} & first=$!; {other}; second=$?; wait $first; sound $? && sound $second"]

    contenders = [
        contender("one process, one core", lambda folder: ["sh", "-c", f"exec {pinned(first, folder)}"]),
        contender("two shards, a core each", two),
    ]
    # What the run costs that all end in: that of the second shard alone, after the first, less what a shard costs.
    rest = contender(
        "the second shard, and the run", lambda folder: ["sh", "-c", f"exec {pinned(first, folder, '--shard', '2/2')}"]
    )
    rest.prepare = lambda folder: merged(store, folder)
    half = Contender(
        "the first shard alone",
        lambda folder: ["sh", "-c", f"exec {pinned(first, folder, '--shard', '1/2')}"],
        lambda folder: {},
        prepare,
        may_differ="half of a state is none",
    )
    done = race("p6", [*contenders, rest, half], size.runs)
    section.race(f"state of {events:,} events merged, 2 buckets", done)
    one, both, second, alone = (done.median(name, "wall") for name in done.costs)
    section.ratio("wall, one process / two shards", one / both)
    fixed = second - alone
    if min(one, both) - fixed < 0.05 * both:
        section.notes.append("The merge is lost in the run that follows: take a larger --factor.")
        return
    section.ratio(
        "wall of the merge alone, one / two (less the run that all end in)", (one - fixed) / (both - fixed), ">= 1.8"
    )


def merged(store: Path, folder: Path) -> None:
    copy(store, folder)
    measure(run_command(folder, AS_OF, "", "--shard", "1/2"), folder, may_exit=MAY_EXIT)


def landed(section: Section, size) -> tuple:
    """A store of two buckets with everything landed and nothing merged."""
    seats = max(1000, int(SEATS * size.factor))
    log = Company(seats, HISTORY, int(EVENTS * size.factor)).log(HISTORY)
    store = BENCH / "stores" / f"p6-{seats}"
    shutil.rmtree(store, ignore_errors=True)
    store.mkdir(parents=True)
    offer(project(store, 2), log.folder, log.files)
    measure(ingest(store), store)
    shutil.rmtree(store / "extracts")
    return store, log.facts["events"]


def cluster(section: Section, size) -> None:
    script = HERE / "cluster.sh"
    if not script.exists():
        section.notes.append("skipped: tests/bench/cluster.sh is not there.")
        return
    command = [str(script), *(["2000", "150", "1"] if size.quick else [])]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "SEATLEDGER": str(BINARY)})
    section.commands["cluster"] = "SEATLEDGER=seatledger " + as_typed(command)
    section.verbatim.append(done.stdout.strip())
    if not done.stdout.strip():
        section.failed = "cluster.sh printed nothing"
    if done.returncode:
        section.failed = f"cluster.sh ended with {done.returncode}: {done.stderr.strip()[-800:]}"
