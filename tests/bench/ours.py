"""The binary under test: its projects, what its command line offers, and where its store keeps what."""

import functools
import os
import subprocess
from pathlib import Path

from harness import Contender, ask, measure

BINARY = Path(os.environ["SEATLEDGER_BIN"])
SOURCE, STREAM = "okta", "system_log"
PROJECT = """name = "bench"
store = "warehouse"
private = "private"
reporting_currency = "EUR"
rate_set = "spot"

[[source]]
name = "okta"
kind = "okta"
from = "extracts/okta"
streams = ["system_log"]

[source.stream.system_log]
covers_days = 1
"""
MAY_EXIT = (0, 3)
"""3: a source is staler than its limit, which a project with one source says of the feeds it lacks."""


@functools.cache
def help_of(*command: str) -> str:
    return subprocess.run([BINARY, *command, "--help"], capture_output=True, text=True).stdout


def offers(command: str, option: str) -> bool:
    """Whether a command of the binary knows an option."""
    return option in help_of(*command.split())


def version() -> str:
    return subprocess.run([BINARY, "--version"], capture_output=True, text=True).stdout.strip()


def project(folder: Path, buckets: int = 1) -> Path:
    """A project that reads the System Log alone. Its store is made by the first command, and counted."""
    (folder / "seatledger.toml").write_text(f"buckets = {buckets}\n{PROJECT}")
    return folder


def offer(folder: Path, log_folder: Path, files) -> None:
    """Puts extracts into a project: links, no copies."""
    for file in files:
        target = folder / "extracts" / SOURCE / STREAM / file.relative_to(log_folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(file, target)


def ingest(folder: Path, memory: str = "") -> list:
    return [BINARY, "--quiet", "ingest", "--project", folder, *limit("ingest", memory)]


def run(folder: Path, as_of, memory: str = "", *more) -> list:
    return [BINARY, "--quiet", "run", "--project", folder, "--as-of", as_of, *limit("run", memory), *more]


def limit(command: str, memory: str) -> list:
    return ["--memory", memory] if memory and offers(command, "--memory") else []


def land(folder: Path, log_folder: Path, files) -> None:
    """Lands files, unmeasured."""
    offer(folder, log_folder, files)
    measure(ingest(folder), folder)


def store_bytes(folder: Path) -> dict:
    """Bytes below each top folder of the store."""
    sizes = {}
    for path in (folder / "warehouse").rglob("*"):
        if path.is_file():
            top = path.relative_to(folder / "warehouse").parts[0]
            sizes[top] = sizes.get(top, 0) + path.stat().st_size
    return sizes


def warehouse(folder: Path) -> Path:
    return folder / "warehouse"


def answer(folder: Path, *what: str) -> dict:
    """Hashes of what a project's store holds: `events`, `rollup`, `state`."""
    return ask("answer.py", "ours", warehouse(folder), *what)


def ingest_contender(name: str, log, events: str = "events", **options) -> Contender:
    """`seatledger ingest` of a log into a fresh store."""

    def prepare(folder: Path) -> None:
        offer(project(folder), log.folder, log.files)

    return Contender(
        name, lambda folder: ingest(folder), lambda folder: answer(folder, events, "rollup"), prepare, **options
    )
