#!/usr/bin/env python3
"""Sends lists of messages to POST /v2/api/messages/batch in a closed loop, and prints messages a second.

    batch.py URL [--key bench-key] [--seconds 5] [--connections 4] [--size 1000] [--pid PID]

Bodies are made before the clock starts. With the product's --pid, its CPU time a message is printed too.
"""
import argparse
import http.client
import json
import os
import threading
import time
import urllib.parse

parser = argparse.ArgumentParser()
parser.add_argument("url")
parser.add_argument("--key", default="bench-key")
parser.add_argument("--seconds", type=float, default=5)
parser.add_argument("--connections", type=int, default=4)
parser.add_argument("--size", type=int, default=1000)
parser.add_argument("--pid", type=int)
args = parser.parse_args()


def body(first):
    def message(token):
        number = 33600000000 + token * 61803399 % 100000000
        text = f"Your appointment is confirmed for tomorrow at 10:30, see you there. #{token:06}"
        return {"sender_id": "MyCompany", "to": f"+{number}", "message": text}

    return json.dumps({"messages": [message(first + n) for n in range(args.size)]}).encode()


def cpu():
    if args.pid is None:
        return 0.0
    fields = open(f"/proc/{args.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


bodies = [body(10_000_000 + n * args.size) for n in range(32)]
address = urllib.parse.urlparse(args.url).netloc
accepted, times, lock = 0, [], threading.Lock()
started = time.monotonic()


def run(turn):
    global accepted
    connection = http.client.HTTPConnection(address)
    headers = {"Authorization": args.key, "Content-Type": "application/json"}
    while time.monotonic() - started < args.seconds:
        began = time.monotonic()
        connection.request("POST", "/v2/api/messages/batch", bodies[turn % len(bodies)], headers)
        answer = connection.getresponse()
        octets = answer.read()
        took = time.monotonic() - began
        if answer.status != 200:
            raise SystemExit(f"{answer.status}: {octets[:300]}")
        # The counts stand at the beginning.
        count = int(octets.split(b'"accepted":', 1)[1].split(b",", 1)[0])
        with lock:
            accepted += count
            times.append(took)
        turn += args.connections


before = cpu()
threads = [threading.Thread(target=run, args=(n,)) for n in range(args.connections)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
took = time.monotonic() - started
times.sort()
print(
    f"{accepted / took:.0f} messages/s in lists of {args.size}, {args.connections} connections; "
    f"a list p50 {times[len(times) // 2] * 1e3:.0f} ms, p99 {times[len(times) * 99 // 100] * 1e3:.0f} ms"
    + (f"; {(cpu() - before) * 1e6 / max(accepted, 1):.1f} us of CPU a message so far" if args.pid else "")
)
