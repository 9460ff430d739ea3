"""The files all read: made by the program's own generator (same seed, same bytes), kept outside the clone."""

import datetime
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness import BENCH, Failed, say
from ours import BINARY

AS_OF = datetime.date(2026, 11, 20)
SEED = 7
LOG = "extracts/okta/system_log"
LEAST_DAYS = 150
"""The generator makes no shorter history; of it any days can be asked for."""
SEATS_A_USER = 2.2
UNIT = {"events": 2_000_000, "users": 50_000, "days": 60}
"""1x, by reference/performance.md section 8."""


@dataclass(frozen=True)
class Log:
    """Some days of a System Log on disk."""

    folder: Path
    facts: dict
    """What the generator said: events, repeats, text_bytes, bytes .."""

    @property
    def files(self) -> list:
        return sorted(path for path in self.folder.rglob("*.ndjson*") if path.is_file())

    @property
    def glob(self) -> str:
        """For engines that take a pattern."""
        depth = "*/*" if any(path.parent != self.folder for path in self.files) else "*"
        return f"{self.folder}/{depth}"


@dataclass(frozen=True)
class Company:
    """Which history: all its days together hold about so many events."""

    seats: int
    days: int
    events: int

    def command(self, target: Path, first: datetime.date, last: datetime.date, compression: str) -> list:
        history = [
            "--seats",
            self.seats,
            "--days",
            self.days,
            "--events",
            self.events,
            "--seed",
            SEED,
            "--as-of",
            AS_OF,
        ]
        wanted = ["--from", first, "--to", last, "--compression", compression]
        return [BINARY, "demo", target, "--only", "log", *history, *wanted]

    def make(self, target: Path, first: datetime.date, last: datetime.date, compression: str = "zstd") -> dict:
        """Writes some days below `target`, beside those that are there already."""
        command = [str(part) for part in self.command(target, first, last, compression)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"`{' '.join(command)}`: {done.stderr.strip()}")
        return json.loads(done.stdout.strip().splitlines()[-1])

    def log(self, days: int = 0, compression: str = "zstd", last: datetime.date = AS_OF) -> Log:
        """The last days up to one, made once and kept."""
        first = last - datetime.timedelta(days=(days or self.days) - 1)
        name = f"{self.seats}-seats-{self.days}-days-{self.events}-events"
        target = BENCH / "data" / name / f"{first}-{last}-{compression}"
        done = target / "complete.json"
        if not done.exists():
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            say(f"making {target}")
            facts = self.make(target, first, last, compression)
            done.write_text(json.dumps(facts))
        return Log(target / LOG, json.loads(done.read_text()))


def unit(factor: float, days: int = UNIT["days"]) -> Company:
    """A company `factor` times that of 1x: more people and more events, over the same days."""
    history = max(days, LEAST_DAYS)
    events = int(UNIT["events"] * factor * history / days)
    return Company(max(1000, int(UNIT["users"] * factor * SEATS_A_USER)), history, events)


def days_up_to(last: datetime.date, days: int) -> list:
    return [last - datetime.timedelta(days=back) for back in reversed(range(days))]
