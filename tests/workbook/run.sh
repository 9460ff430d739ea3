#!/usr/bin/env bash
# Every workbook of a demo: read back by openpyxl, then computed anew by LibreOffice.
#   run.sh            makes the demo
#   run.sh PROJECT    takes a project that was run
# Skips, saying so, what cannot be installed.
set -euo pipefail
[ $# -ne 1 ] || set -- "$(realpath "$1")"
[ -z "${SEATLEDGER:-}" ] || SEATLEDGER=$(realpath "$SEATLEDGER")
cd "$(dirname "$0")"
OPENPYXL='openpyxl==3.1.5'
cache="${XDG_CACHE_HOME:-$HOME/.cache}/seatledger-workbook"
python="$cache/venv/bin/python"

skip() { echo "skipped: $*"; exit 0; }
fail() { echo "FAILED: $*" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v python3 >/dev/null || skip "no python3"
[ -x "$python" ] || python3 -m venv "$cache/venv" >/dev/null 2>&1 || skip "python3 cannot make a venv"
"$python" -c 'import openpyxl' 2>/dev/null || "$python" -m pip install -q "$OPENPYXL" 2>"$work/pip.log" ||
    skip "$OPENPYXL cannot be installed: $(tail -n 1 "$work/pip.log")"

project="${1:-$work/demo}"
if [ $# -eq 0 ]; then
    seatledger="${SEATLEDGER:-${CARGO_TARGET_DIR:-../../target}/debug/seatledger}"
    [ -x "$seatledger" ] || (cd ../.. && cargo build --locked --bin seatledger)
    code=0
    # 3: a source of the demo is stale on purpose.
    "$seatledger" --quiet demo "$project" --seats 300 --days 150 >"$work/demo.out" 2>&1 || code=$?
    [ "$code" = 0 ] || [ "$code" = 3 ] || { cat "$work/demo.out" >&2; fail "the demo did not run"; }
fi
mapfile -d '' books < <(find "$project/outputs" -name '*.xlsx' -print0 | sort -z)
[ ${#books[@]} -gt 0 ] || fail "no workbook below $project/outputs"

"$python" read_back.py "${books[@]}" || fail "read back"
if ! command -v soffice >/dev/null; then
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libreoffice-calc; } \
        >"$work/apt.log" 2>&1 || skip "LibreOffice cannot be installed: $(tail -n 1 "$work/apt.log")"
fi
"$python" recalculate.py "$work" "${books[@]}" || fail "computed anew"
