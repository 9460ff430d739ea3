#!/usr/bin/env bash
# An auditor without seatledger: accepts a clean snapshot and refuses each tampering, with the commands that the
# snapshot's own VERIFY.txt prints. See README.md.
#   run.sh                                        makes a small company and a signed snapshot of it
#   run.sh SNAPSHOT ALLOWED_SIGNERS PRINCIPAL     takes a signed snapshot that is there
set -euo pipefail
[ $# -ne 3 ] || set -- "$(realpath "$1")" "$(realpath "$2")" "$3"
cd "$(dirname "$0")/../.."
DUCKDB='duckdb-cli==1.5.6'

skip() { echo "skipped: $*"; exit 0; }
fail() { echo "FAILED: $*" >&2; exit 1; }
for tool in sha256sum ssh-keygen comm awk; do
  command -v "$tool" >/dev/null || skip "$tool is not installed"
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! command -v duckdb >/dev/null; then
  { python3 -m venv "$work/venv" && "$work/venv/bin/pip" install --quiet "$DUCKDB"; } >"$work/pip.log" 2>&1 ||
    skip "DuckDB cannot be installed: $(tail -n 1 "$work/pip.log")"
  PATH="$work/venv/bin:$PATH"
fi

# --- the snapshot -------------------------------------------------------------------------------------------------
if [ $# -eq 3 ]; then
  clean="$1"
  cp "$2" "$work/allowed_signers"
  export PRINCIPAL="$3"
else
  seatledger="${SEATLEDGER:-${CARGO_TARGET_DIR:-target}/debug/seatledger}"
  [ -x "$seatledger" ] || { cargo build --locked && seatledger="${CARGO_TARGET_DIR:-target}/debug/seatledger"; }
  seatledger=$(realpath "$seatledger")
  export PRINCIPAL=snapshots@northwind.example
  ssh-keygen -q -t ed25519 -N '' -C "$PRINCIPAL" -f "$work/key"
  printf '%s namespaces="seatledger-snapshot" %s\n' "$PRINCIPAL" "$(cat "$work/key.pub")" >"$work/allowed_signers"
  "$seatledger" --quiet demo "$work/demo" --seats 200 --days 150 >/dev/null || [ $? -eq 3 ] || fail "the demo did not run"
  printf '\n[snapshot]\nkey = "%s"\n' "$work/key" >>"$work/demo/seatledger.toml"
  "$seatledger" --quiet run --project "$work/demo" --as-of 2026-11-20 >/dev/null || [ $? -eq 3 ] || fail "no second run"
  clean=$(find "$work/demo/outputs" -name SHA256SUMS.sig -printf '%h\n' | head -n 1)
  [ -n "$clean" ] || fail "the run with a key made no signed snapshot"
fi
export ALLOWED_SIGNERS="$work/allowed_signers"

# --- the steps of VERIFY.txt: number.title, number.command, and number.expected where it says what must be printed ----
mkdir "$work/steps"
awk -v to="$work/steps/" '
  /^[0-9]+\. /          { number = sprintf("%02d", $1); print > (to number ".title"); into = to number ".command"; next }
  /^must print nothing/ { into = to number ".expected"; printf "" > into; next }
  /^must print exactly/ { into = to number ".expected"; next }
  /^$/                  { into = ""; next }
  into != ""            { print > into }
' "$clean/VERIFY.txt"
grep -ql '^ssh-keygen ' "$work"/steps/*.command || fail "VERIFY.txt has no step for the signature"

# What a step is called: the program it runs, or `log` for the query over the log.
name_of() { if grep -q 'log/\*.parquet' "$1"; then echo log; else awk 'NR == 1 { print $1 }' "$1"; fi; }
# Prints the names of the steps that refuse the folder: of all steps, or of those with one name.
refusals() {
  local command name
  for command in "$work"/steps/*.command; do
    name=$(name_of "$command")
    [ -z "${2:-}" ] || [ "$2" = "$name" ] || continue
    if ! (cd "$1" && bash -o pipefail "$command") >"$work/out" 2>"$work/err" ||
      { [ -e "${command%.command}.expected" ] && ! cmp -s "$work/out" "${command%.command}.expected"; }; then
      echo "$name"
    fi
  done
}

checked=0
# refused WHAT STEP COMMAND..: COMMAND, run in a copy, must make STEP refuse it.
refused() {
  local what="$1" step="$2"
  shift 2
  rm -rf "$work/copy"
  cp -r "$clean" "$work/copy"
  (cd "$work/copy" && "$@")
  [ -n "$(refusals "$work/copy" "$step")" ] || fail "$what: not refused by $step"
  checked=$((checked + 1))
}

# Flips a bit of the byte at a place.
flip() {
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1")
  printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
swap() { mv "$1" x.swap && mv "$2" "$1" && mv x.swap "$2"; }
# Gives a forged file its hash in the list.
list() {
  local sum
  sum=$(sha256sum "$1" | cut -d ' ' -f 1)
  awk -v file="$1" -v sum="$sum" '$2 == file { $1 = sum } { print $1 "  " $2 }' SHA256SUMS >../sums
  cp ../sums SHA256SUMS
}
# Rewrites the log by a query over it, and lists it again.
relog() {
  local file
  file=$(ls log/*.parquet)
  duckdb -c "copy ($1) to '../log.parquet' (format parquet)" >/dev/null
  cp ../log.parquet "$file"
  list "$file"
}
foreign() {
  ssh-keygen -q -t ed25519 -N '' -f ../foreign <<<y >/dev/null 2>&1 || true
  rm SHA256SUMS.sig
  ssh-keygen -q -Y sign -f ../foreign -n seatledger-snapshot SHA256SUMS 2>/dev/null
}
forge() { printf '\n' >>policy/"$(ls policy | head -n 1)" && list policy/"$(ls policy | head -n 1)"; }

# --- a clean one is accepted, everything else is refused -------------------------------------------------------------
found=$(refusals "$clean")
[ -z "$found" ] || { cat "$work/out" "$work/err" >&2; fail "the clean snapshot is refused by $found"; }
echo "accepted: the clean snapshot, by $(ls "$work"/steps/*.command | wc -l) steps"

mapfile -t files < <(cut -c 67- "$clean/SHA256SUMS")
cp -r "$clean" "$work/flipped"
for file in "${files[@]}"; do
  size=$(stat -c %s "$clean/$file")
  [ "$size" -gt 0 ] || continue
  flip "$work/flipped/$file" $((size / 2))
  [ -n "$(refusals "$work/flipped" sha256sum)" ] || fail "a flipped byte of $file: not refused"
  cp "$clean/$file" "$work/flipped/$file"
  checked=$((checked + 1))
done
# The other places and changes on one file of each kind.
for file in manifest.json VERIFY.txt "$(ls "$clean"/data/*/*.parquet | head -n 1 | sed "s|^$clean/||")"; do
  refused "a flipped first byte of $file" sha256sum flip "$file" 0
  refused "a flipped last byte of $file" sha256sum flip "$file" $(($(stat -c %s "$clean/$file") - 1))
  refused "a shortened $file" sha256sum truncate -s -1 "$file"
  refused "a dropped $file" sha256sum rm "$file"
  refused "a renamed $file" sha256sum mv "$file" "$file.old"
  refused "a renamed $file" find mv "$file" "$file.old"
done
refused "two swapped files" sha256sum swap inputs.json completeness.json
refused "an added file" find touch data/added.parquet
refused "an added hidden file" find touch .added
refused "an added link" find ln -s manifest.json added
refused "a flipped byte of the list" ssh-keygen flip SHA256SUMS 0
refused "an edited sum" sha256sum sed -i '1s/^./x/' SHA256SUMS
refused "an edited sum" ssh-keygen sed -i '1s/^./x/' SHA256SUMS
refused "a line taken out of the list" ssh-keygen sed -i 1d SHA256SUMS
refused "a line taken out of the list" find sed -i 1d SHA256SUMS
refused "a forged file with its sum" ssh-keygen forge
refused "a foreign signature" ssh-keygen foreign
refused "an empty signature" ssh-keygen truncate -s 0 SHA256SUMS.sig
refused "no signature" ssh-keygen rm SHA256SUMS.sig

if grep -q 'log/\*.parquet' "$work"/steps/*.command; then
  # Each with its sum in the list: the chain itself must tell, beside the signature.
  some="(select min(seq) + (max(seq) - min(seq)) // 2 from 'log/*.parquet')"
  refused "a dropped log row" log relog "from 'log/*.parquet' where seq <> $some order by seq"
  refused "a log cut at its end" log relog "from 'log/*.parquet' where seq < (select max(seq) from 'log/*.parquet') order by seq"
  refused "an edited log row" log relog \
    "select * replace (if(seq = $some, replace(payload, '\"actor\":', '\"actor\": '), payload) as payload) from 'log/*.parquet' order by seq"
  refused "an edited log row with its hash" log relog \
    "select * replace (if(seq = $some, sha256(prev_hash || chr(10) || payload || ' '), entry_hash) as entry_hash,
       if(seq = $some, payload || ' ', payload) as payload) from 'log/*.parquet' order by seq"
  refused "reordered log rows" log relog \
    "select * replace (max(seq) over () + min(seq) over () - seq as seq) from 'log/*.parquet' order by seq"
  refused "an edited log row" ssh-keygen relog \
    "select * replace (payload || ' ' as payload) from 'log/*.parquet' order by seq"
else
  echo "not tried: tampering with the decision log, the snapshot holds no entries"
fi
echo "refused: $checked tamperings"
