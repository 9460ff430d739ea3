#!/usr/bin/env bash
# What the reports of a large company cost: seconds, processor time and memory of each, and of all. See README.md.
#   reports.sh [SEATS] [PROJECT]      100,000 seats; a project that has a run is measured as it is
set -euo pipefail
[ $# -lt 2 ] || set -- "$1" "$(realpath "$2")"
cd "$(dirname "$0")/../.."
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; exit 0; }
seatledger="${SEATLEDGER_BIN:-${SEATLEDGER:-${CARGO_TARGET_DIR:-target}/debug/seatledger}}"
[ -x "$seatledger" ] || { cargo build --locked && seatledger="${CARGO_TARGET_DIR:-target}/debug/seatledger"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
project="${2:-$work/company}"
if [ $# -lt 2 ]; then
  # 3: a source is late, and the run is there.
  "$seatledger" --quiet demo "$project" --seats "${1:-100000}" --days 150 >&2 || [ $? -eq 3 ]
fi
python3 - "$(realpath "$seatledger")" "$project" "$work" <<'PYTHON'
import os, subprocess, sys, time
seatledger, project, work = sys.argv[1:]

def cost(*command):
    """Wall seconds, processor seconds and peak of memory in MB of one command."""
    start = time.monotonic()
    child = subprocess.Popen([seatledger, "--quiet", *command], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)}: {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024

def asked(sql):
    command = [seatledger, "--quiet", "sql", sql, "--project", project, "--format", "csv"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[1]

seats = int(asked("select count(*) as n from core.seats"))
print(f"{seats:,} seats, {int(asked('select count(*) as n from review.candidates')):,} candidates\n")
print("| report | seconds | processor | peak |\n| --- | ---: | ---: | ---: |")
total, peak = [0.0, 0.0], 0.0
for name in ["renewal", "programme", "access", "spend", "quality"]:
    wall, cpu, memory = cost("report", name, "--project", project, "--to", f"{work}/{name}")
    total, peak = [total[0] + wall, total[1] + cpu], max(peak, memory)
    print(f"| {name} | {wall:.1f} | {cpu:.1f} | {memory:.0f} MB |")
wall, cpu, memory = cost("docs", "--to", f"{work}/dictionary.html")
total, peak = [total[0] + wall, total[1] + cpu], max(peak, memory)
print(f"| docs | {wall:.1f} | {cpu:.1f} | {memory:.0f} MB |")
print(f"| all, one after the other | {total[0]:.1f} | {total[1]:.1f} | {peak:.0f} MB |")
good = total[0] < 30 and peak < 1000
print(f"\nGoal: all within 30 seconds and 1 GB. {'Met.' if good else 'Missed.'}")
PYTHON
