#!/usr/bin/env bash
# Executes every notebook on a demo company made for it; fails on any error, and when one was committed with outputs.
#   run.sh            makes the demo
#   run.sh PROJECT    takes a project that was run
set -euo pipefail
[ $# -ne 1 ] || set -- "$(realpath "$1")"
[ -z "${SEATLEDGER:-}" ] || SEATLEDGER=$(realpath "$SEATLEDGER")
cd "$(dirname "$0")"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/seatledger-notebooks"
python="$cache/venv/bin/python"

skip() { echo "skipped: $*"; exit 0; }
fail() { echo "FAILED: $*" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v python3 >/dev/null || skip "no python3"
[ -x "$python" ] || python3 -m venv "$cache/venv" >/dev/null 2>&1 || skip "python3 cannot make a venv"
cmp -s requirements.txt "$cache/installed" || "$python" -m pip install -q -r requirements.txt 2>"$work/pip.log" ||
    skip "the packages cannot be installed: $(tail -n 1 "$work/pip.log")"
cp requirements.txt "$cache/installed"

project="${1:-$work/demo}"
if [ $# -eq 0 ]; then
    seatledger="${SEATLEDGER:-${CARGO_TARGET_DIR:-../target}/debug/seatledger}"
    [ -x "$seatledger" ] || (cd .. && cargo build --locked --bin seatledger)
    code=0
    # 3: a source of the demo is stale on purpose.
    "$seatledger" --quiet demo "$project" --seats 300 --days 150 >"$work/demo.out" 2>&1 || code=$?
    [ "$code" = 0 ] || [ "$code" = 3 ] || { cat "$work/demo.out" >&2; fail "the demo did not run"; }
fi
SEATLEDGER_PROJECT="$project" "$python" run.py ./*.ipynb
