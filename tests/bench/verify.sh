#!/usr/bin/env bash
# How fast `seatledger verify` is beside `sha256sum -c`, on a large snapshot. See README.md.
#   verify.sh [SNAPSHOT] [GIGABYTES]
set -euo pipefail
[ $# -eq 0 ] || set -- "$(realpath "$1")" "${2:-1}"
cd "$(dirname "$0")/../.."
for tool in sha256sum python3; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed"; exit 0; }
done
seatledger="${SEATLEDGER:-${CARGO_TARGET_DIR:-target}/debug/seatledger}"
[ -x "$seatledger" ] || { cargo build --locked && seatledger="${CARGO_TARGET_DIR:-target}/debug/seatledger"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
snapshot="${1:-}"
if [ -z "$snapshot" ]; then
  "$seatledger" --quiet demo "$work/demo" >/dev/null || [ $? -eq 3 ]
  snapshot=$(find "$work/demo/outputs" -name 'snapshot-*' -type d | head -n 1)
fi

# A large snapshot from a real one: its tables again and again under other names, all listed and described.
python3 - "$snapshot" "$work/large" "${2:-1}" <<'PYTHON'
import copy, hashlib, json, os, shutil, sys
source, target, gigabytes = sys.argv[1], sys.argv[2], float(sys.argv[3])
shutil.copytree(source, target)
manifest = json.load(open(f"{target}/manifest.json"))
tables = sorted(manifest["tables"].items(), key=lambda t: -os.path.getsize(f"{source}/{t[1]['file']}"))[:8]
size, copies = 0, 0
while size < gigabytes * 1e9:
    for name, table in tables:
        twin = f"{name}_{copies}"
        file = f"data/{twin}/part-00000.parquet"
        os.makedirs(f"{target}/data/{twin}")
        shutil.copyfile(f"{source}/{table['file']}", f"{target}/{file}")
        size += os.path.getsize(f"{target}/{file}")
        manifest["tables"][twin] = {**copy.deepcopy(table), "file": file}
    copies += 1
manifest.update(signature="none", signer=None)
with open(f"{target}/manifest.json", "w") as file:
    json.dump(manifest, file)
if os.path.exists(f"{target}/SHA256SUMS.sig"):
    os.remove(f"{target}/SHA256SUMS.sig")
hashes = {t["file"]: t["sha256"] for t in manifest["tables"].values()} | manifest["files"]
hashes["manifest.json"] = hashlib.sha256(open(f"{target}/manifest.json", "rb").read()).hexdigest()
with open(f"{target}/SHA256SUMS", "w") as file:
    file.writelines(f"{hashes[path]}  {path}\n" for path in sorted(hashes, key=str.encode))
PYTHON

bytes=$(du -sb --apparent-size "$work/large" | cut -f 1)
find "$work/large" -type f -exec cat {} + >/dev/null # into the page cache: the disk is not what is measured
cores=$(nproc) files=$(wc -l <"$work/large/SHA256SUMS") python3 - "$work/large" "$bytes" "$(realpath "$seatledger")" <<'PYTHON'
import os, resource, shutil, subprocess, sys, time
folder, size, seatledger = sys.argv[1], int(sys.argv[2]), sys.argv[3]

def best(*command):
    """The shortest wall time and the least processor time of three runs."""
    walls, busy = [], []
    for _ in range(3):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            sys.exit(done.stdout.decode())
        walls.append(time.monotonic() - start)
        busy.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(walls), min(busy)

theirs = best("sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS")
ours = best(seatledger, "verify", "--rows", "count", ".")
# Not every sha256sum uses the SHA instructions of a processor; openssl does, and reads nothing but the bytes.
files = [line.split("  ", 1)[1].rstrip("\n") for line in open(f"{folder}/SHA256SUMS")]
bare = best("openssl", "dgst", "-sha256", *files) if shutil.which("openssl") else None
speed = lambda seconds: f"{size / 1e9 / seconds:5.2f} GB/s"
print(f"{size / 1e9:.2f} GB in {os.environ['files']} files")
print(f"a core:   sha256sum -c {speed(theirs[1])}, seatledger verify {speed(ours[1])}: {theirs[1] / ours[1]:.2f} times")
if bare:
    print(f"          openssl dgst -sha256 {speed(bare[1])}: verify does {bare[1] / ours[1]:.2f} of it")
print(f"{os.environ['cores']} cores:  sha256sum -c {speed(theirs[0])}, seatledger verify {speed(ours[0])}: {theirs[0] / ours[0]:.2f} times")
PYTHON
grep -q -w sha_ni /proc/cpuinfo || echo "this processor has no SHA instructions: 1 GB/s per core is out of reach of SHA-256 here"
