#!/usr/bin/env bash
# Makes this sample again: the reports of a demo company, and pictures of them by headless Chromium.
set -euo pipefail
[ -z "${SEATLEDGER:-}" ] || SEATLEDGER=$(realpath "$SEATLEDGER")
cd "$(dirname "$0")"
contract=CNTR0010001
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
    { echo "a picture needs Chromium: apt-get install chromium" >&2; exit 1; }

seatledger="${SEATLEDGER:-${CARGO_TARGET_DIR:-../../target}/debug/seatledger}"
[ -x "$seatledger" ] || (cd ../.. && cargo build --locked --bin seatledger)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
code=0
# 3: a source of the demo is stale on purpose.
"$seatledger" --quiet demo "$work/demo" --seats 2000 >"$work/demo.out" 2>&1 || code=$?
[ "$code" = 0 ] || [ "$code" = 3 ] || { cat "$work/demo.out" >&2; exit "$code"; }
mkdir -p renewal
for file in programme.html spend.html quality.html dictionary.html renewal/{portfolio.html,"$contract.html",renewal.xlsx,notice.ics}; do
    cp "$work"/demo/outputs/*/"$file" "$file"
done

# picture PAGE OUT WIDTH HEIGHT
picture() {
    "$chromium" --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --hide-scrollbars \
        --user-data-dir="$work/profile" --host-resolver-rules='MAP * ~NOTFOUND' --window-size="$3,$4" \
        --screenshot="$PWD/$2" "file://$PWD/$1" 2>"$work/chromium.log" || { cat "$work/chromium.log" >&2; exit 1; }
}
picture renewal/portfolio.html portfolio.png 1280 1560
picture "renewal/$contract.html" contract.png 1280 910
du -ch ./*.html renewal/* ./*.png | tail -n 1
