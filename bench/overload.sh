#!/usr/bin/env bash
# Three times what the product takes, for as long as asked: what is accepted is accepted soon, the rest is refused
# at once, memory stays where it is, nothing accepted is lost, and when it is over it is over.
#
#   overload.sh DIR [SECONDS] [TIMES] [CONNECTIONS]      [30, 3, 2048]
#
# First the capacity is measured (a closed loop of 64 connections), then TIMES as much is offered in an open loop:
# a message has its instant whether or not those before it were answered, and its latency counts from that. With
# load, gateway and operator on one machine the load itself takes a part of the processors.
# The exit code is 1 when anything but 200 and 503 was answered, or something accepted did not reach the operator.
#
# Settings, beside those of peer.sh, as environment variables:
#   LOAD, SINK       the harness's sms-load and smsc-sink
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
dir=${1:?folder} seconds=${2:-30} times=${3:-3} connections=${4:-2048}
: "${LOAD:?the sms-load binary}" "${SINK:?the smsc-sink binary}"
export SMPP_PORT=${SMPP_PORT:-22775} BASE_PORT=${BASE_PORT:-23000} SINK_PORT=${SINK_PORT:-28099}
export DLR_URL=${DLR_URL-}
url="http://127.0.0.1:$BASE_PORT" sink="http://127.0.0.1:$SINK_PORT"
mkdir -p "$dir"
ulimit -n "$(ulimit -Hn)"
pids=()
stop() {
    "$here/peer.sh" stop "$dir/product" 2>/dev/null || true
    [ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true
}
trap stop EXIT

"$SINK" serve --port "$SMPP_PORT" --http-port "$SINK_PORT" --dlr-delay-ms 500 >/dev/null 2>&1 &
pids+=($!)
sleep 0.5
"$here/peer.sh" start "$dir/product" >/dev/null
product=$(cat "$dir/product/facteur.pid")
send() { "$LOAD" send --url "$url" "$@"; }
memory() { awk '/^VmRSS/ {print int($2 / 1024)}' "/proc/$product/status"; }
field() { python3 -c "import json,sys; d=json.load(open('$1')); print(round($2))"; }

send --connections 64 --seconds 1 >/dev/null
send --connections 64 --seconds 5 --first-token 1000000 >"$dir/capacity.json"
capacity=$(field "$dir/capacity.json" "d['accepted_per_second']")
rate=$((capacity * times))
echo "capacity: $capacity/s; offered now: $rate/s for $seconds s over $connections connections"
# What was accepted leaves first, so that each phase has its own memory and books.
sleep 3
before=$(memory)
curl -sS "$url/metrics" >"$dir/before.txt"
(while sleep 1; do memory; done) 2>/dev/null >"$dir/memory.txt" &
pids+=($!)
send --connections "$connections" --seconds "$seconds" --rate "$rate" --first-token 2000000 --sink "$sink" \
    --settle 20 >"$dir/overload.json"
curl -sS "$url/metrics" >"$dir/after.txt"
send --connections 64 --seconds 3 --first-token 30000000 >"$dir/recovered.json"

python3 - "$dir" "$before" <<'REPORT'
import json, sys
folder, before = sys.argv[1], int(sys.argv[2])
load = lambda name: json.load(open(f"{folder}/{name}.json"))
over, rest = load("overload"), load("recovered")
ms = lambda report, at: f"{report['latency_us'][at] / 1000:.0f} ms"
def buckets(name, figure):
    found = {}
    for line in open(f"{folder}/{name}.txt"):
        if line.startswith(f"{figure}_bucket") and ("route=" not in line or 'route="/v1/api/sms"' in line):
            bound = float(line.split('le="')[1].split('"')[0].replace("+Inf", "inf"))
            found[bound] = found.get(bound, 0) + float(line.rsplit(" ", 1)[1])
    return found
def within(figure, share):
    first, last = buckets("before", figure), buckets("after", figure)
    came = {bound: count - first.get(bound, 0) for bound, count in last.items()}
    return f"{min(bound for bound, count in came.items() if count >= share * came[float('inf')]) * 1000:.0f} ms"
refused = over["rejected"]
print(f"accepted: {over['accepted']} ({over['accepted'] / over['seconds']:.0f}/s), "
      f"on disk within {within('facteur_accept_seconds', 0.5)} at p50, {within('facteur_accept_seconds', 0.99)} at p99")
print(f"refused: {refused or 'none'}; without an answer: {over['unknown']}")
print(f"answers of both kinds, from their headers: {within('facteur_http_request_seconds', 0.5)} at p50, "
      f"{within('facteur_http_request_seconds', 0.99)} at p99")
print("answers of both kinds, from the instant they were due, a free connection waited for: "
      + ", ".join(f"{at} {ms(over, at)}" for at in ("p50", "p99", "p999", "max")))
memory = [int(line) for line in open(f"{folder}/memory.txt") if line.strip()]
print(f"memory: {before} MiB before, {max(memory)} at the most, {memory[-1]} at the end")
print(f"at the operator: {over['sink']}")
print(f"afterwards: {rest['accepted_per_second']:.0f}/s accepted, p99 {ms(rest, 'p99')}, refused {rest['rejected'] or 'none'}")
strange = set(refused) - {"503"}
lost = over["sink"]["accepted_lost"]
sys.exit(1 if strange or over["unknown"] or lost else 0)
REPORT
