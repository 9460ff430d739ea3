#!/usr/bin/env bash
# Every page that a demo writes, opened in headless Chromium by somebody with a phone, a keyboard and no network.
#   run.sh            makes the demo
#   run.sh PROJECT    takes a project that was run
# Skips, saying so, when playwright or Chromium cannot be installed.
set -euo pipefail
[ $# -ne 1 ] || set -- "$(realpath "$1")"
[ -z "${SEATLEDGER:-}" ] || SEATLEDGER=$(realpath "$SEATLEDGER")
cd "$(dirname "$0")"
PLAYWRIGHT='playwright==1.65.2'
cache="${XDG_CACHE_HOME:-$HOME/.cache}/seatledger-pages"
python="$cache/venv/bin/python"

skip() { echo "skipped: $*"; exit 0; }
fail() { echo "FAILED: $*" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v python3 >/dev/null || skip "no python3"
[ -x "$python" ] || python3 -m venv "$cache/venv" >/dev/null 2>&1 || skip "python3 cannot make a venv"
"$python" -c 'import playwright' 2>/dev/null || "$python" -m pip install -q "$PLAYWRIGHT" 2>"$work/pip.log" ||
    skip "$PLAYWRIGHT cannot be installed: $(tail -n 1 "$work/pip.log")"
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$chromium" ]; then
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } \
        >"$work/apt.log" 2>&1 || skip "Chromium cannot be installed: $(tail -n 1 "$work/apt.log")"
    chromium=$(command -v chromium)
fi

project="${1:-$work/demo}"
if [ $# -eq 0 ]; then
    seatledger="${SEATLEDGER:-${CARGO_TARGET_DIR:-../../target}/debug/seatledger}"
    [ -x "$seatledger" ] || (cd ../.. && cargo build --locked --bin seatledger)
    code=0
    # 3: a source of the demo is stale on purpose.
    "$seatledger" --quiet demo "$project" --seats 300 --days 150 >"$work/demo.out" 2>&1 || code=$?
    [ "$code" = 0 ] || [ "$code" = 3 ] || { cat "$work/demo.out" >&2; fail "the demo did not run"; }
fi
mapfile -d '' pages < <(find "$project/outputs" -name '*.html' -print0 | sort -z)
[ ${#pages[@]} -gt 0 ] || fail "no page below $project/outputs"
"$python" check.py "$chromium" "${pages[@]}"
