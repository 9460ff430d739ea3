"""P4: policy evaluation; its own script measures it in the processes it starts."""

import subprocess
import sys

from harness import HERE, as_typed
from report import Section

TITLE = "policies evaluated over all seats: DataFusion and DuckDB on the same SQL"
SEATS = 2_000_000
"""At factor 1."""


def run(section: Section, size) -> None:
    script = HERE / "policy.py"
    if not script.exists():
        section.skipped = "tests/bench/policy.py is not there"
        return
    command = [sys.executable, str(script), "--seats", str(int(SEATS * size.factor)), "--runs", str(size.runs)]
    done = subprocess.run(command, capture_output=True, text=True)
    section.commands["policy"] = as_typed(command)
    section.verbatim.append(done.stdout.strip())
    if not done.stdout.strip():
        section.failed = "policy.py printed nothing"
    if done.returncode:
        section.failed = f"policy.py ended with {done.returncode}: {done.stderr.strip()[-800:]}"
