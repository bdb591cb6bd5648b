#!/usr/bin/env bash
# How long acceptance takes while old days are dropped: the same load at a fixed rate on a database of a month,
# with nothing to drop, while the texts of twenty days of thirty go, while their messages go, and with nothing to
# drop again.
#
#   retention.sh DIR [MESSAGES] [SECONDS] [RATE]      [1000000, 20, 1000]
#
# About 380 octets of disk a message; DIR may go afterwards.
# Settings, beside those of peer.sh, as environment variables:
#   LOAD, SINK       the harness's sms-load and smsc-sink
#   FILL             the example `fill` of facteur-store       [target/release/examples/fill]
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
dir=${1:?folder} messages=${2:-1000000} seconds=${3:-20} rate=${4:-1000}
: "${LOAD:?the sms-load binary}" "${SINK:?the smsc-sink binary}"
: "${FILL:=$here/../target/release/examples/fill}"
export SMPP_PORT=${SMPP_PORT:-22775} BASE_PORT=${BASE_PORT:-23000} SINK_PORT=${SINK_PORT:-28099} DLR_URL=
product="$dir/product"
mkdir -p "$dir"
sink=
stop() {
    "$here/peer.sh" stop "$product" 2>/dev/null || true
    [ -z "$sink" ] || kill "$sink" 2>/dev/null || true
}
trap stop EXIT
"$SINK" serve --port "$SMPP_PORT" --http-port "$SINK_PORT" --dlr-delay-ms 500 >/dev/null 2>&1 &
sink=$!
# A workspace, a key and a sender; then the month.
"$here/peer.sh" start "$product" >/dev/null
"$here/peer.sh" stop "$product"
"$FILL" "$product/data/facteur.db" "$messages" 0 30 | tail -n 1

# Messages, and texts among them.
kept() { python3 -c "
import sqlite3
db = sqlite3.connect('file:$product/data/facteur.db?mode=ro', uri=True)
print(*db.execute('SELECT count(*), count(*) FILTER (WHERE text <> ?) FROM message', ('(no longer kept)',)).fetchone())"; }
measure() {
    local before after
    "$here/peer.sh" restart "$product"
    "$LOAD" send --url "http://127.0.0.1:$BASE_PORT" --connections 64 --rate "$rate" --seconds 2 \
        --first-token "$((10#$2))" >/dev/null
    read -r -a before <<<"$(kept)"
    "$LOAD" send --url "http://127.0.0.1:$BASE_PORT" --connections 64 --rate "$rate" --seconds "$seconds" \
        --first-token "$((10#$2 + 1000000))" >"$dir/$1.json"
    read -r -a after <<<"$(kept)"
    python3 - "$dir/$1.json" "$1" "${before[@]}" "${after[@]}" <<'REPORT'
import json, sys
report, name, figures = json.load(open(sys.argv[1])), sys.argv[2], [int(figure) for figure in sys.argv[3:]]
ms = lambda at: f"{at} {report['latency_us'][at] / 1000:.1f} ms"
messages, texts = ((figures[n] + report["accepted"] - figures[n + 2]) / report["seconds"] for n in (0, 1))
print(f"{name}: {report['accepted_per_second']:.0f}/s accepted, {ms('p50')}, {ms('p99')}, {ms('p999')}, {ms('max')}; "
      f"a second, {max(0, texts - messages):.0f} texts and {messages:.0f} messages dropped; refused {report['rejected'] or 'none'}")
REPORT
    "$here/peer.sh" stop "$product"
}

# How long messages are kept, and texts.
retain() {
    sed -i '/^\[retention/,$d' "$product/facteur.toml"
    printf '[retention]\nmessages = "%s"\n[retention.texts]\n' "$1" >>"$product/facteur.toml"
    printf '%s = "'"$2"'"\n' marketing transactional otp alert conversational >>"$product/facteur.toml"
}
retain 365d 90d
measure quiet 1000000
retain 365d 10d
measure "texts go" 3000000
retain 10d 90d
measure "messages go" 5000000
retain 365d 90d
measure "quiet again" 7000000
