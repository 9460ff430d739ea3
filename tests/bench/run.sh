#!/usr/bin/env bash
# The fair benchmark: one command, one report. See README.md.
#   run.sh [--quick] [p1 p2 p3 p4 p5 p6 p8]     all bars, or some
#   run.sh history [--events N] ..             the long history, day by day
#   run.sh live [--events N]                   a log polled over loopback HTTP
set -euo pipefail
cd "$(dirname "$0")"
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; exit 0; }
export SEATLEDGER_BENCH_DIR="${SEATLEDGER_BENCH_DIR:-$HOME/.cache/seatledger-bench}"
mkdir -p "$SEATLEDGER_BENCH_DIR"
SEATLEDGER_BENCH_DIR=$(realpath "$SEATLEDGER_BENCH_DIR")
rivals="$SEATLEDGER_BENCH_DIR/rivals-$(sha256sum requirements.txt | cut -c 1-12)"
if [ ! -e "$rivals/complete" ]; then
  echo "installing the rivals of requirements.txt into $rivals" >&2
  python3 -m venv --clear "$rivals"
  "$rivals/bin/pip" install --quiet --disable-pip-version-check --requirement requirements.txt >&2
  touch "$rivals/complete"
fi
if [ -z "${SEATLEDGER_BIN:-}" ]; then
  (cd ../.. && cargo build --locked >&2)
  SEATLEDGER_BIN="${CARGO_TARGET_DIR:-$(realpath ../..)/target}/debug/seatledger"
fi
SEATLEDGER_BIN=$(realpath "$SEATLEDGER_BIN")
export SEATLEDGER_BIN PYTHONDONTWRITEBYTECODE=1
case "${1:-}" in history | live) exec "$rivals/bin/python" "$1.py" "${@:2}" ;; esac
exec "$rivals/bin/python" main.py "$@"
