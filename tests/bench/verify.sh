#!/usr/bin/env bash
# How fast `seatledger verify` is beside `sha256sum -c`, on a large snapshot. See README.md.
#   verify.sh [SNAPSHOT] [GIGABYTES]
set -euo pipefail
cd "$(dirname "$0")/../.."
for tool in sha256sum python3 taskset; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed"; exit 0; }
done
seatledger="${SEATLEDGER:-${CARGO_TARGET_DIR:-target}/debug/seatledger}"
[ -x "$seatledger" ] || { cargo build --locked && seatledger="${CARGO_TARGET_DIR:-target}/debug/seatledger"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
snapshot="${1:-}"
if [ -z "$snapshot" ]; then
  "$seatledger" --quiet demo "$work/demo" --seats 2000 --days 150 >/dev/null || [ $? -eq 3 ]
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
cat "$(find "$work/large" -name SHA256SUMS)" >/dev/null
find "$work/large" -type f -exec cat {} + >/dev/null # into the page cache: the disk is not what is measured
now() { date +%s%N; }
# Runs a command three times, prints the shortest time in nanoseconds.
best() {
  local shortest=0 start time
  for _ in 1 2 3; do
    start=$(now)
    "$@" >"$work/out" 2>&1 || { cat "$work/out" >&2; exit 1; }
    time=$(($(now) - start))
    [ "$shortest" -ne 0 ] && [ "$shortest" -lt "$time" ] || shortest=$time
  done
  echo "$shortest"
}
sums() { (cd "$work/large" && taskset -c 0 sha256sum -c --strict --quiet SHA256SUMS); }
theirs=$(best sums)
one=$(best taskset -c 0 "$seatledger" verify --rows count "$work/large")
all=$(best "$seatledger" verify --rows count "$work/large")
awk -v bytes="$bytes" -v theirs="$theirs" -v one="$one" -v all="$all" -v cores="$(nproc)" \
  -v files="$(wc -l <"$work/large/SHA256SUMS")" 'BEGIN {
  printf "%.2f GB in %d files\n", bytes / 1e9, files
  printf "sha256sum -c, one core        %6.2f GB/s\n", bytes / theirs
  printf "seatledger verify, one core   %6.2f GB/s, %.2f times sha256sum\n", bytes / one, theirs / one
  printf "seatledger verify, %2d cores   %6.2f GB/s, %.2f times sha256sum\n", cores, bytes / all, theirs / all
}'
grep -q -w sha_ni /proc/cpuinfo || echo "this processor has no SHA instructions: 1 GB/s per core is out of reach of SHA-256 here"
