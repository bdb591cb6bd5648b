#!/usr/bin/env bash
# What connections that say nothing cost: opens COUNT of them, half silent from the start and half after an answer,
# and tells the product's memory before and after, and how long a request of somebody else takes meanwhile.
#
#   idle.sh DIR [COUNT]      [10000]
#
# Settings: those of peer.sh, as environment variables.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
dir=${1:?folder} count=${2:-10000}
export BASE_PORT=${BASE_PORT:-23000} DLR_URL=
ulimit -n "$(ulimit -Hn)"
trap '"$here/peer.sh" stop "$dir/product"' EXIT
mkdir -p "$dir"
"$here/peer.sh" start "$dir/product" >/dev/null
python3 - "$BASE_PORT" "$(cat "$dir/product/facteur.pid")" "$count" <<'IDLE'
import http.client, socket, sys, time
port, pid, count = (int(word) for word in sys.argv[1:])
def memory():
    return next(int(line.split()[1]) for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS"))
def request():
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/healthz")
    assert connection.getresponse().read()
    return (time.monotonic() - began) * 1000
request()
before = memory()
idle = []
for number in range(count):
    # Several addresses: one has ports for 28,000 only.
    one = socket.create_connection(("127.0.0.1", port), source_address=(f"127.0.1.{number % 8 + 1}", 0))
    if number % 2:
        one.sendall(b"GET /healthz HTTP/1.1\r\nHost: facteur\r\n\r\n")
        one.recv(4096)
    idle.append(one)
after, took = memory(), request()
print(f"{count} idle connections: {(after - before) / count:.1f} KiB each ({before // 1024} MiB before, "
      f"{after // 1024} MiB with them); another's request took {took:.0f} ms")
IDLE
