"""What machine this is, and what is compared on it."""

import os
import platform
import subprocess
from importlib import metadata

from harness import BENCH, CORES, HERE
from ours import BINARY, version

JSON_LIMIT = 2.5e9
"""Bytes a second a core: simdjson On-Demand, published. No JSON is parsed faster."""
MEMORY_LIMIT = 18e9
"""Bytes a second a core: what was read from memory on the machine of reference/performance.md section 2."""
RIVALS = "duckdb dbt-core dbt-duckdb polars chdb datafusion pyarrow pysimdjson".split()


def facts() -> dict:
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    ram = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    disk = os.statvfs(BENCH)
    return {
        "cpu": cpu,
        "cores": CORES,
        "ram_bytes": ram,
        "disk_free_bytes": disk.f_bavail * disk.f_frsize,
        "kernel": platform.release(),
        "load_before": os.getloadavg()[0],
        "seatledger": version(),
        "seatledger_bytes": BINARY.stat().st_size,
        "commit": commit(),
        "python": platform.python_version(),
        "rivals": {name: metadata.version(name) for name in RIVALS},
    }


def commit() -> str:
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True)
    return done.stdout.strip() or "?"


def lines(known: dict) -> list:
    rivals = ", ".join(f"{name} {version}" for name, version in known["rivals"].items())
    return [
        f"Machine: {known['cpu']}, {known['cores']} cores, {known['ram_bytes'] / 2**30:.0f} GiB of memory, Linux "
        f"{known['kernel']}; load before: {known['load_before']:.2f}.",
        f"Under test: {known['seatledger']} of commit {known['commit']}. Rivals: {rivals}, Python {known['python']}.",
        "Every contender may use all cores. CPU is user + system time; the interpreter and imports of a rival are not "
        "counted, the program under test is counted whole. Peak is the largest resident size of the process.",
    ]
