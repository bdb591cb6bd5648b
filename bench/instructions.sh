#!/usr/bin/env bash
# What a message costs in instructions, whatever else the machine does: the product under callgrind, from
# the request to the receipt's callback. Prints the instructions per message, and where they go.
#
#   instructions.sh OUT [MESSAGES] [CONNECTIONS]     [3000, 64]
#
# OUT is a folder for the data and the profile (OUT/callgrind.out, for callgrind_annotate or kcachegrind).
# Settings, beside those of peer.sh, as environment variables:
#   LOAD, SINK       the harness's sms-load and smsc-sink
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
out=${1:?folder} messages=${2:-3000} connections=${3:-64}
: "${LOAD:?the sms-load binary}" "${SINK:?the smsc-sink binary}"
: "${BIN:=$here/../target/release/facteur}" "${SMPP_PORT:=22775}" "${BASE_PORT:=23000}"
export SMPP_PORT BASE_PORT DLR_URL=${DLR_URL-http://127.0.0.1:28098/dlr}
mkdir -p "$out"
cat >"$out/facteur" <<WRAPPER
#!/bin/sh
[ "\$1" = serve ] || exec "$BIN" "\$@"
exec valgrind --tool=callgrind --separate-threads=no --dump-instr=no \
    --callgrind-out-file="$out/raw.out" "$BIN" "\$@"
WRAPPER
chmod +x "$out/facteur"
export BIN="$out/facteur"
"$SINK" serve --port "$SMPP_PORT" --http-port 28099 --dlr-delay-ms 500 >/dev/null 2>&1 &
sink=$!
"$LOAD" serve --port 28098 >/dev/null 2>&1 &
receiver=$!
stop() {
    "$here/peer.sh" stop "$out" || true
    kill "$sink" "$receiver" 2>/dev/null || true
}
trap stop EXIT
"$here/peer.sh" start "$out" >/dev/null
load() {
    "$LOAD" send --url "http://127.0.0.1:$BASE_PORT" --connections "$connections" --count "$1" \
        --first-token "$2" --seconds 600 --settle 20 \
        --sink http://127.0.0.1:28099 ${DLR_URL:+--receiver http://127.0.0.1:28098} >"$out/load.json"
}
pid=$(cat "$out/facteur.pid")
load 300 1
callgrind_control --zero "$pid" >/dev/null
load "$messages" 1001
callgrind_control --dump "$pid" >/dev/null
dump=$(ls -t "$out"/raw.out.* | head -n 1)
mv "$dump" "$out/callgrind.out"
total=$(sed -n 's/^totals: //p' "$out/callgrind.out" | tail -n 1)
echo "$((total / messages)) instructions a message ($messages messages, $connections connections)"
