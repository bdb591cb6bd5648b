#!/usr/bin/env bash
# How far the product is from what its parts can do on this machine, in one run: HTTP alone (the same
# requests, an answer of the same size, nothing between), the store alone (the same rows, in batches), the
# operator's own flood; then the product, from the request to the receipt's callback.
#
#   ceilings.sh DIR [SECONDS] [CONNECTIONS]      [5, 64]
#
# Settings, beside those of peer.sh, as environment variables:
#   LOAD, SINK       the harness's sms-load and smsc-sink
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
root=$(dirname "$here")
dir=${1:?folder} seconds=${2:-5} connections=${3:-64}
: "${LOAD:?the sms-load binary}" "${SINK:?the smsc-sink binary}"
target=${CARGO_TARGET_DIR:-$root/target}/release
export SMPP_PORT=${SMPP_PORT:-22775} BASE_PORT=${BASE_PORT:-23000} BIN=${BIN:-$target/facteur}
export DLR_URL=${DLR_URL-http://127.0.0.1:28098/dlr}
mkdir -p "$dir"
pids=()
stop() {
    "$here/peer.sh" stop "$dir/product" 2>/dev/null || true
    [ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true
}
trap stop EXIT
field() { python3 -c "import json,sys; d=json.load(open('$1')); print(round($2))"; }

"$target/examples/bare" 127.0.0.1:23999 &
pids+=($!)
"$SINK" serve --port "$SMPP_PORT" --http-port 28099 --dlr-delay-ms 500 >/dev/null 2>&1 &
pids+=($!)
"$LOAD" serve --port 28098 >/dev/null 2>&1 &
pids+=($!)
sleep 0.5

"$LOAD" send --url http://127.0.0.1:23999 --connections "$connections" --seconds "$seconds" >"$dir/http.json"
http=$(field "$dir/http.json" "d['accepted_per_second']")
echo "HTTP alone:          $http requests/s"

store=$("$target/examples/bench" 100000 | tee "$dir/store.txt" | sed -n 's/^tick *\(256\): *\([0-9]*\) messages.*/\2/p')
echo "the store alone:     $store messages/s (accepted, handed over, answered, received; 256 together)"

"$SINK" flood --connect "127.0.0.1:$SMPP_PORT" --count 1000000 >"$dir/flood.json" 2>/dev/null || true
echo "the operator's flood: $(head -c 200 "$dir/flood.json" | tr -d '\n')"

"$here/peer.sh" start "$dir/product" >/dev/null
cpu() { awk '{print ($14 + $15) * 10000}' "/proc/$(cat "$dir/product/facteur.pid")/stat"; }
"$LOAD" send --url "http://127.0.0.1:$BASE_PORT" --connections "$connections" --seconds 1 >/dev/null
sleep 2
before=$(cpu)
"$LOAD" send --url "http://127.0.0.1:$BASE_PORT" --connections "$connections" --seconds "$seconds" \
    --first-token 1000000 --settle 10 --sink http://127.0.0.1:28099 \
    ${DLR_URL:+--receiver http://127.0.0.1:28098} >"$dir/product.json"
after=$(cpu)
accepted=$(field "$dir/product.json" "d['accepted']")
rate=$(field "$dir/product.json" "d['accepted_per_second']")
sent=$(field "$dir/product.json" "d['sink']['per_second']")
echo "the product:         $rate accepted/s, $sent at the operator/s," \
    "$(((after - before) / accepted)) us of CPU a message, p99 $(field "$dir/product.json" "d['latency_us']['p99']") us"
echo "of the ceilings:     $((100 * rate / http)) % of HTTP's, $((100 * rate / store)) % of the store's"
