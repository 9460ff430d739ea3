#!/bin/bash
# Validates the events of every kind of entry with the published OCSF schemas.
#
#   tests/siem/run.sh
#
# Needs python3 and PyPI; without them it says so and ends well. The package carries schemas up to 1.8.0: the one class
# that is newer (3007, of 1.9.0) is held to its attributes by src/publish/siem/tests.rs alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! { python3 -m venv "$work/venv" && "$work/venv/bin/pip" -q install 'ocsf-json-schema==1.2.0' 'jsonschema==4.25.1'; } \
    >"$work/pip.log" 2>&1; then
    echo "skipped: the validator cannot be installed here ($(tail -1 "$work/pip.log"))"
    exit 0
fi
SEATLEDGER_OCSF="$work/events.ndjson" cargo test --locked --lib -- --exact \
    publish::siem::tests::every_kind_of_entry_is_an_event_with_what_its_class_requires >"$work/test.log" 2>&1 \
    || { cat "$work/test.log"; exit 1; }
"$work/venv/bin/python" tests/siem/validate.py "$work/events.ndjson"
