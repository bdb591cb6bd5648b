#!/usr/bin/env bash
# Starts and stops the product for a benchmark that compares SMS gateways: production path, embedded
# store, every guarantee on. The operator is an SMPP server on loopback.
#
#   peer.sh install         builds the release binary
#   peer.sh info            version and settings in one line
#   peer.sh start DIR       on loopback, all data in DIR; returns when it takes requests
#   peer.sh pids DIR        "name pid" for every process
#   peer.sh kill9 DIR       kills it with SIGKILL
#   peer.sh restart DIR     starts it again over the same data
#   peer.sh stop DIR        asks, waits, then insists
#   peer.sh url, shape, key where and how the load sends
#
# Settings, as environment variables:
#   SMPP_PORT        where the operator listens          [2775]
#   BASE_PORT        the API's port                      [13000]
#   KEY              the API key                         [bench-key]
#   BINDS, WINDOW    towards the operator                [2, 500]
#   WORKERS          worker threads; 0: one a processor  [0]
#   LOG              the log's filter                    [warn]
#   BIN              the binary                          [target/release/facteur]
#   DLR_URL          where receipts are called back; empty: nowhere  [http://127.0.0.1:8098/dlr]
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
verb=${1:?verb} dir=${2:-}
: "${SMPP_PORT:=2775}" "${BASE_PORT:=13000}" "${KEY:=bench-key}" "${BINDS:=2}" "${WINDOW:=500}"
: "${WORKERS:=0}" "${LOG:=warn}" "${BIN:=$root/target/release/facteur}"
DLR_URL=${DLR_URL-http://127.0.0.1:8098/dlr}

configure() {
    cat >"$dir/facteur.toml" <<CONFIG
[http]
listen = "127.0.0.1:$BASE_PORT"

[store]
data = "$dir/data"

[log]
filter = "$LOG"

[process]
worker_threads = $WORKERS

[webhooks]
allow_loopback = true
per_endpoint = 64

[[routes]]
name = "operator"
address = "127.0.0.1:$SMPP_PORT"
system_id = "bench"
password = "secret"
binds = $BINDS
window = $WINDOW
CONFIG
}

# A workspace, a key with limits that no load reaches, and the Sender ID that the load uses.
furnish() {
    admin() { "$BIN" admin --config "$dir/facteur.toml" --by bench "$@" >/dev/null; }
    admin workspaces create --name bench
    admin keys create --label load --scopes SMS_SEND,CONVERSATIONS_READ,WEBHOOKS_READ_WRITE --secret "$KEY" \
        --read-per-second 1000000 --write-per-second 1000000
    admin senders declare MyCompany --class transactional
    admin senders validate MyCompany
}

serve() {
    rm -f "$dir/ready.json"
    # In its own session, so that no terminal or caller takes it down.
    setsid "$BIN" serve --config "$dir/facteur.toml" --ready-file "$dir/ready.json" \
        >>"$dir/facteur.out" 2>&1 </dev/null &
    echo $! >"$dir/facteur.pid"
    for _ in $(seq 300); do
        [ -e "$dir/ready.json" ] && return
        kill -0 "$(cat "$dir/facteur.pid")" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$dir/facteur.out" >&2
    return 1
}

# Has receipts called back, as the peers do. The receiver finds the message's token in `data.content`.
subscribe() {
    [ -n "$DLR_URL" ] || return 0
    curl -sS --fail-with-body -o "$dir/webhook.json" -X POST "http://127.0.0.1:$BASE_PORT/v2/api/webhooks" \
        -H "Authorization: Api-Key $KEY" -H "Content-Type: application/json" \
        -d "{\"url\": \"$DLR_URL\", \"topics\": [\"sms.delivered\", \"sms.undelivered\"]}"
}

case $verb in
install) cargo build --release --locked --quiet --manifest-path "$root/Cargo.toml" -p facteur ;;
info) echo "$("$BIN" --version) store=sqlite synchronous=FULL binds=$BINDS window=$WINDOW" ;;
start)
    mkdir -p "$dir"
    configure
    furnish
    serve
    subscribe
    ;;
restart) serve ;;
kill9) kill -9 "$(cat "$dir/facteur.pid")" ;;
stop)
    [ -e "$dir/facteur.pid" ] || exit 0
    pid=$(cat "$dir/facteur.pid")
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
    rm -f "$dir/facteur.pid"
    ;;
pids) [ ! -e "$dir/facteur.pid" ] || echo "facteur $(cat "$dir/facteur.pid")" ;;
url) echo "http://127.0.0.1:$BASE_PORT" ;;
shape) echo allo ;;
key) echo "$KEY" ;;
*)
    echo "unknown verb $verb" >&2
    exit 2
    ;;
esac
