#!/usr/bin/env bash
# Days of use merged into the state of very many seats, for real. See README.md.
#   merge.sh [SEATS] [USES_A_DAY] [DAYS]
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -r /proc/self/status ] || { echo "skipped: there is no /proc here"; exit 0; }
report=$(mktemp)
trap 'rm -f "$report"' EXIT
SEATLEDGER_SEATS="${1:-10000000}" SEATLEDGER_USES="${2:-2500000}" SEATLEDGER_DAYS="${3:-400}" \
  SEATLEDGER_REPORT="$report" CARGO_PROFILE_TEST_OPT_LEVEL=2 cargo test --locked --test it -- --exact \
  volume::days_of_use_are_merged_into_the_state_of_many_seats >&2
cat "$report"
