#!/usr/bin/env bash
# One run here, and on a scheduler and two executors of this machine: the same bytes first, then the times. See README.md.
#   cluster.sh [SEATS] [DAYS] [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; exit 0; }
seatledger="${SEATLEDGER:-${CARGO_TARGET_DIR:-target}/debug/seatledger}"
[ -x "$seatledger" ] || { cargo build --locked && seatledger="${CARGO_TARGET_DIR:-target}/debug/seatledger"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$seatledger" --quiet demo "$work/demo" --seats "${1:-2000}" --days "${2:-150}" >/dev/null || [ $? -eq 3 ]

python3 - "$(realpath "$seatledger")" "$work" "${3:-3}" <<'PYTHON'
import glob, json, os, resource, signal, socket, statistics, subprocess, sys, time
seatledger, work, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
project = f"{work}/demo"
as_of = json.load(open(sorted(glob.glob(f"{project}/warehouse/commits/runs/*.json"))[-1]))["body"]["as_of"]

def pair():
    """A port whose successor is free as well."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
                return port
            except (OSError, OverflowError):
                continue

def ticks(process):
    fields = open(f"/proc/{process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

def wait_for(port):
    for _ in range(300):
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
    sys.exit(f"nobody listens at port {port}")

address = f"127.0.0.1:{pair()}"
nodes = [subprocess.Popen([seatledger, "--quiet", "cluster", "scheduler", "--bind", address])]
wait_for(int(address.split(":")[1]))
for name in ["a", "b"]:
    bind = f"127.0.0.1:{pair()}"
    nodes.append(subprocess.Popen([seatledger, "--quiet", "cluster", "executor", "--scheduler", address, "--bind", bind,
                                   "--concurrency", "1", "--memory", "2GB", "--work-dir", f"{work}/{name}"]))
    wait_for(int(bind.split(":")[1]))

def build(engine):
    """Wall seconds, processor seconds of everybody, and the hash of every table."""
    busy = lambda: (sum(map(ticks, nodes)) + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]))
    before, start = busy(), time.monotonic()
    done = subprocess.run([seatledger, "--quiet", "build", "--project", project, "--as-of", as_of, "--engine", engine],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wall, cpu = time.monotonic() - start, busy() - before
    if done.returncode:
        sys.exit(done.stdout.decode())
    record = json.load(open(sorted(glob.glob(f"{project}/warehouse/commits/runs/*.json"))[-1]))
    return wall, cpu, {name: file["sha256"] for name, file in record["body"]["tables"].items()}

try:
    times = {"local": [], f"ballista://{address}": []}
    hashes = None
    for _ in range(rounds):
        for engine, measured in times.items():
            wall, cpu, tables = build(engine)
            hashes = hashes or tables
            differ = sorted(name for name in hashes.keys() | tables.keys() if hashes.get(name) != tables.get(name))
            if differ:
                sys.exit(f"{engine}: other bytes in {', '.join(differ)}")
            measured.append((wall, cpu))
finally:
    for node in reversed(nodes):
        node.send_signal(signal.SIGTERM)
        node.wait()
print(f"{len(hashes)} tables, the same bytes in {2 * rounds} runs, {os.cpu_count()} cores")
here, there = times.values()
for what, at in [("wall", 0), ("processor", 1)]:
    a, b = sorted(t[at] for t in here), sorted(t[at] for t in there)
    print(f"{what:9}  here {a[0]:6.2f} s (median {statistics.median(a):.2f}), scheduler and two executors {b[0]:6.2f} s "
          f"(median {statistics.median(b):.2f}): {b[0] / a[0]:.2f} times")
PYTHON
