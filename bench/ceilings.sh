#!/usr/bin/env bash
# How far the product is from what its parts can do on this machine, in one run: HTTP alone (the same
# requests, an answer of the same size, nothing between), the operator's own flood, the product, from the request
# to the receipt's callback, and the store alone: the same rows (with the webhook's, if there is one), in batches
# of the size that the product had. Parts share two processors with nobody but the load, and the product with all
# of them, so the CPU time of a message is what is compared: that of HTTP and the store together is what the
# product cannot go below.
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

cpu_of() { awk '{print ($14 + $15) * 10000}' "/proc/$1/stat"; }
before=$(cpu_of "${pids[0]}")
"$LOAD" send --url http://127.0.0.1:23999 --connections "$connections" --seconds "$seconds" >"$dir/http.json"
http=$(field "$dir/http.json" "d['accepted_per_second']")
http_us=$((($(cpu_of "${pids[0]}") - before) / $(field "$dir/http.json" "d['accepted']")))
echo "HTTP alone:          $http requests/s, $http_us us of CPU each"

"$SINK" flood --connect "127.0.0.1:$SMPP_PORT" --count 1000000 >"$dir/flood.json" 2>/dev/null || true
echo "the operator's flood: $(head -c 200 "$dir/flood.json" | tr -d '\n')"

"$here/peer.sh" start "$dir/product" >/dev/null
cpu() { cpu_of "$(cat "$dir/product/facteur.pid")"; }
metric() { curl -sS "http://127.0.0.1:$BASE_PORT/metrics" | sed -n "s/^facteur_$1_total //p"; }
"$LOAD" send --url "http://127.0.0.1:$BASE_PORT" --connections "$connections" --seconds 1 >/dev/null
sleep 2
before=$(cpu) batches=$(metric store_batches) rows=$(metric store_rows)
"$LOAD" send --url "http://127.0.0.1:$BASE_PORT" --connections "$connections" --seconds "$seconds" \
    --first-token 1000000 --settle 10 --sink http://127.0.0.1:28099 \
    ${DLR_URL:+--receiver http://127.0.0.1:28098} >"$dir/product.json"
after=$(cpu)
accepted=$(field "$dir/product.json" "d['accepted']")
rate=$(field "$dir/product.json" "d['accepted_per_second']")
sent=$(field "$dir/product.json" "d['sink']['per_second']")
echo "the product:         $rate accepted/s, $sent at the operator/s," \
    "$(((after - before) / accepted)) us of CPU a message, p99 $(field "$dir/product.json" "d['latency_us']['p99']") us"
told_rows=4
[ -z "$DLR_URL" ] || told_rows=5
# Accepted, handed over, answered, received, and told: rows of a message.
tick=$((($(metric store_rows) - rows) / ($(metric store_batches) - batches) / told_rows))
[ "$tick" -gt 0 ] || tick=1
"$here/peer.sh" stop "$dir/product"
"$target/examples/bench" 100000 ${DLR_URL:+--webhooks} --tick "$tick" >"$dir/store.txt"
store=$(sed -n 's/^tick *[0-9]*: *\([0-9]*\) messages.*/\1/p' "$dir/store.txt")
store_us=$(sed -n 's/.* \([0-9.]*\) us CPU.*/\1/p' "$dir/store.txt")
echo "the store alone:     $store messages/s, $store_us us of CPU each, $tick a batch as the product had"
python3 -c "
http, store, product = $http_us, $store_us, ($after - $before) / $accepted
print(f'of the parts:        {http + store:.0f} of {product:.0f} us: {100 * (http + store) / product:.0f} %')"
