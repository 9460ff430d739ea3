"""The benchmark: which bars at which size, and the report. See README.md."""

import argparse
import importlib
import shutil
import sys
import time
import traceback
from dataclasses import dataclass

import machine
import report
from harness import BENCH, Failed, Unfair, say

BARS = ["p1", "p2", "p3", "p4", "p5", "p6", "p8"]


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    quick: bool
    runs: int
    slow_runs: int
    factor: float
    """Of 1x: 2 M events, 50 k users, 60 days."""
    scale: float
    """Of P5's day: 25 M events over 10 M seats."""
    history: float
    """Of P2's history: 10 M events in 400 days."""
    cold: bool

    @classmethod
    def of(cls, asked) -> "Size":
        quick = asked.quick
        return cls(
            quick=quick,
            runs=asked.runs or (3 if quick else 5),
            slow_runs=1 if quick else 2,
            factor=asked.factor or (0.1 if quick else 1.0),
            scale=asked.scale or (0.01 if quick else 1.0),
            history=asked.scale or (0.05 if quick else 1.0),
            cold=not quick,
        )


def main() -> int:
    parser = argparse.ArgumentParser(prog="run.sh", description="The fair benchmark: one command, one report.")
    parser.add_argument("bars", nargs="*", metavar="BAR", help=f"which of {' '.join(BARS)}; all when none is named")
    parser.add_argument("--quick", action="store_true", help="all of it, small: under ten minutes on two cores")
    parser.add_argument("--runs", type=int, help="runs of each contender (5; quick: 3)")
    parser.add_argument("--factor", type=float, help="size of P1, P3 and of P8's 1x (1; quick: 0.1)")
    parser.add_argument("--scale", type=float, help="size of P2 (1; quick: 0.05) and of P5 (1; quick: 0.01)")
    asked = parser.parse_args()
    if unknown := [bar for bar in asked.bars if bar not in BARS]:
        parser.error(f"{', '.join(unknown)}: the bars are {' '.join(BARS)}")
    size = Size.of(asked)
    known = machine.facts()
    sections, is_sound = [], True
    for bar in asked.bars or BARS:
        begin = time.monotonic()
        section, sound = judged(bar, size)
        is_sound &= sound
        section.notes.append(f"This bar took {time.monotonic() - begin:.0f} s.")
        sections.append(section)
        keep(sections, known)
    print(report.markdown(sections, machine.lines(known)))
    shutil.rmtree(BENCH / "scratch", ignore_errors=True)
    return 0 if is_sound else 1


def judged(bar: str, size: Size) -> tuple:
    """What a bar found; whether its figures count."""
    module = importlib.import_module(bar)
    section = report.Section(bar.upper(), module.TITLE)
    say(f"{bar}: {section.title}")
    try:
        module.run(section, size)
    except Unfair as error:
        section.withdraw(str(error))
    except Failed as error:
        section.failed = str(error)
    except Exception:
        section.failed = traceback.format_exc()
    for store in (BENCH / "stores").glob(f"{bar}*"):
        # P5's takes long to make, and is made anew for another binary.
        if bar != "p5":
            shutil.rmtree(store)
    return section, not section.failed


def keep(sections: list, known: dict) -> None:
    """The report so far, beside the data: a run may take hours."""
    results = BENCH / "results"
    results.mkdir(exist_ok=True)
    name = time.strftime("%Y%m%dT%H%M%S", time.gmtime(STARTED))
    (results / f"{name}.json").write_text(report.document(sections, known, sys.argv))
    (results / f"{name}.md").write_text(report.markdown(sections, machine.lines(known)))


STARTED = time.time()

if __name__ == "__main__":
    sys.exit(main())
