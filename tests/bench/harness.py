"""Runs commands as children, interleaved, and measures them; prints no time before the answers agree.

Standard library only: a child's peak memory can never be below what its parent held when it was forked.
"""

import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

HERE = Path(__file__).resolve().parent
BENCH = Path(os.environ["SEATLEDGER_BENCH_DIR"])
TRASH = BENCH / "scratch" / "trash"
CORES = len(os.sched_getaffinity(0))


class Unfair(Exception):
    """Two contenders gave different answers: no time of theirs means anything."""


class Failed(Exception):
    """A command did not end well."""


@dataclass(frozen=True)
class Cost:
    """What one run took."""

    wall: float
    user: float
    system: float
    peak: int

    @property
    def cpu(self) -> float:
        return self.user + self.system

    def less(self, start: dict) -> "Cost":
        """Without the start of the interpreter and the imports of a rival."""
        return Cost(self.wall - start["wall"], self.user - start["user"], self.system - start["system"], self.peak)


@dataclass
class Contender:
    """One way to the answer. `command` is given a fresh folder; `prepare` fills it and is not measured."""

    name: str
    command: Callable[[Path], list]
    answer: Callable[[Path], dict] = lambda folder: {}
    prepare: Callable[[Path], None] = lambda folder: None
    runs: int = 0
    env: dict = field(default_factory=dict)
    may_exit: tuple = (0,)
    may_differ: str = ""
    """Why it gives no answer that could be compared."""
    group: str = ""
    """Those of one group must agree."""
    may_fail: bool = False
    """Whether the others are judged when it does not finish."""
    is_further: bool = False
    """Whether it drops out, instead of all, when its answer is another one."""


def measure(command: list, folder: Path, env: dict | None = None, may_exit=(0,)) -> Cost:
    """Runs a command in a folder. A rival writes `started.json` there once its imports are done."""
    command = [str(part) for part in command]
    (folder / "started.json").unlink(missing_ok=True)
    out, err = folder / "stdout.txt", folder / "stderr.txt"
    begin = time.monotonic()
    with open(out, "wb") as stdout, open(err, "wb") as stderr:
        child = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
        _, status, used = os.wait4(child.pid, 0)
    wall = time.monotonic() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in may_exit:
        last = (err.read_text(errors="replace") or out.read_text(errors="replace")).strip().splitlines()[-6:]
        raise Failed(f"`{shlex.join(command)}` ended with {child.returncode}: " + " | ".join(last))
    cost = Cost(wall, used.ru_utime, used.ru_stime, used.ru_maxrss * 1024)
    started = folder / "started.json"
    return cost.less(json.loads(started.read_text())) if started.exists() else cost


def python(script: str, *arguments) -> list:
    """A rival's script, in the interpreter that holds the rivals."""
    return [sys.executable, HERE / script, *arguments]


def ask(script: str, *arguments) -> dict:
    """What a script answers on stdout, as JSON; not measured."""
    command = [str(part) for part in python(script, *arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"`{shlex.join(command)}`: " + " | ".join(done.stderr.strip().splitlines()[-6:]))
    return json.loads(done.stdout)


def scratch(name: str) -> Path:
    """A fresh folder beside the data, so that links to it can be made."""
    folder = BENCH / "scratch" / name.replace(" ", "-").replace("/", "-").replace(",", "")
    discard(folder)
    folder.mkdir(parents=True)
    return folder


def discard(folder: Path) -> None:
    """Puts a folder aside until the race is over. ext4 gives no number of a deleted file away again for a minute, and
    who makes files meanwhile pays for the search: a tenth of a run of ours."""
    if folder.exists():
        TRASH.mkdir(parents=True, exist_ok=True)
        folder.rename(TRASH / str(time.monotonic_ns()))


def warm(paths) -> int:
    """Reads files into the page cache: the disk is not what is measured. Returns their bytes."""
    total = 0
    for path in paths:
        with open(path, "rb", buffering=0) as file:
            while part := file.read(1 << 22):
                total += len(part)
    return total


def cool(paths) -> None:
    """Takes files out of the page cache."""
    for path in paths:
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def say(text: str) -> None:
    """Progress, for the person who waits."""
    print(time.strftime("%H:%M:%S ") + text, file=sys.stderr, flush=True)


@dataclass
class Race:
    """What became of the contenders: costs by name, the answer all agree on, commands, and who failed."""

    costs: dict = field(default_factory=dict)
    answers: dict = field(default_factory=dict)
    commands: dict = field(default_factory=dict)
    failures: dict = field(default_factory=dict)
    notes: dict = field(default_factory=dict)

    def median(self, name: str, what: str = "cpu") -> float:
        return statistics.median(getattr(cost, what) for cost in self.costs[name])

    def more(self, name: str, than: str, what: str = "cpu") -> float:
        """How much more one takes than another: the median of the differences in each turn, in which the machine was
        the same for both."""
        pairs = zip(self.costs[name], self.costs[than], strict=True)
        return statistics.median(getattr(one, what) - getattr(other, what) for one, other in pairs)

    def least(self, name: str, what: str = "cpu") -> float:
        return min(getattr(cost, what) for cost in self.costs[name])

    def peak(self, name: str) -> int:
        return max(cost.peak for cost in self.costs[name])

    def has(self, name: str) -> bool:
        return name in self.costs


def race(title: str, contenders: list, runs: int, inputs=(), cold: bool = False) -> Race:
    """Every contender once, answers compared; then the others of the runs, in turn."""
    result = Race()
    references: dict = {}
    for turn in range(runs):
        order = contenders[turn % len(contenders) :] + contenders[: turn % len(contenders)] if turn else contenders
        for contender in order:
            name = contender.name
            if turn >= (contender.runs or runs) or name in result.failures:
                continue
            folder = scratch(f"{title}-{name}")
            contender.prepare(folder)
            (cool if cold else warm)(inputs)
            os.sync()
            command = contender.command(folder)
            result.commands[name] = as_typed(command)
            try:
                cost = measure(command, folder, contender.env, contender.may_exit)
            except Failed as failure:
                if not contender.may_fail:
                    raise
                result.failures[name] = str(failure)
                say(f"{title}: {name} failed: {failure}")
                shutil.rmtree(folder)
                continue
            say(f"{title}: {name}, run {turn + 1}: {cost.cpu:.2f} s CPU, {cost.wall:.2f} s, {cost.peak / 1e6:.0f} MB")
            result.costs.setdefault(name, []).append(cost)
            if turn == 0:
                answer = contender.answer(folder)
                result.answers[name] = answer
                if contender.may_differ:
                    result.notes[name] = contender.may_differ
                elif contender.group not in references:
                    references[contender.group] = name
                else:
                    reference = references[contender.group]
                    try:
                        compare(title, reference, result.answers[reference], name, answer)
                    except Unfair as difference:
                        if not contender.is_further:
                            raise
                        result.failures[name] = str(difference)
                        del result.costs[name], result.answers[name]
            if runs > 1:
                discard(folder)
            else:  # a long one, and large
                shutil.rmtree(folder)
    shutil.rmtree(TRASH, ignore_errors=True)
    return result


def as_typed(command: list) -> str:
    """A command line without the places of this machine."""
    text = shlex.join(str(part) for part in command)
    places = {sys.executable: "python", str(HERE): "tests/bench", str(BENCH): "$SEATLEDGER_BENCH_DIR"}
    places |= {os.environ["SEATLEDGER_BIN"]: "seatledger"}
    for place, name in sorted(places.items(), key=lambda pair: -len(pair[0])):
        text = text.replace(place, name)
    return text


def compare(title: str, first: str, ours: dict, second: str, theirs: dict) -> None:
    """Refuses to go on when two answers differ, or one of them lacks a part."""
    if not ours or ours.keys() != theirs.keys():
        raise Unfair(
            f"{title}: {first} answers {', '.join(ours) or 'nothing'}, {second} {', '.join(theirs) or 'nothing'}"
        )
    for what in ours:
        if ours[what] != theirs[what]:
            raise Unfair(f"{title}: {what} of {first} is {ours[what]}, of {second} {theirs[what]}")
