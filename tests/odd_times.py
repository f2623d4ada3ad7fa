#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Capture times that lie: what was found must not depend on them, no connection may be cut in two by
one absurd stamp, and no duration may become negative.

Usage: odd_times.py EXWIRE CAPTURE...  (classic pcap, microseconds)
"""
import collections
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

YEAR = 365 * 86400

# From number, count, seconds and microseconds of a packet to its new stamp.
VARIANTS = {
    "all at once": lambda n, count, s, u, first: (first, 0),
    "backwards": lambda n, count, s, u, first: (first - n // 1000, 999999 - n % 1000 * 1000),
    "a second back from the middle on": lambda n, count, s, u, first: (s - (n > count // 2), u),
    "ten years back from the middle on": lambda n, count, s, u, first: (s - 10 * YEAR * (n > count // 2), u),
    "one packet 30 years ahead": lambda n, count, s, u, first: (s + 30 * YEAR * (n == count // 2), u),
    "each tenth packet 30 years ahead": lambda n, count, s, u, first: (s + 30 * YEAR * (n % 10 == 5), u),
    "one packet at zero": lambda n, count, s, u, first: (0, 0) if n == count // 2 else (s, u),
    "one packet at the end of time": lambda n, count, s, u, first: (2**32 - 1, 2**32 - 1) if n == count // 2
    else (s, u),
    "microseconds above a second": lambda n, count, s, u, first: (s - 3, u + 3000000),
}


def rewrite(source, target, change):
    data = source.read_bytes()
    order = "<" if data[:4] == b"\xd4\xc3\xb2\xa1" else ">"
    records = []
    at = 24
    while at < len(data):
        seconds, micros, captured, on_wire = struct.unpack(order + "4I", data[at:at + 16])
        records.append((seconds, micros, captured, on_wire, data[at + 16:at + 16 + captured]))
        at += 16 + captured
    with open(target, "wb") as file:
        file.write(data[:24])
        for number, (seconds, micros, captured, on_wire, octets) in enumerate(records):
            seconds, micros = change(number, len(records), seconds, micros, records[0][0])
            file.write(struct.pack(order + "4I", seconds, micros, captured, on_wire) + octets)


def negatives(value, path=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from negatives(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from negatives(inner, path)
    elif isinstance(value, (int, float)) and value < 0:
        yield f"{path} is {value}"


def run(exwire, capture):
    command = [exwire, "-q", "-r", str(capture), "--set", "outputs.extended=yes"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if result.returncode != 0:
        raise SystemExit(f"exit status {result.returncode}: {result.stderr}")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    told = collections.Counter()
    for event in events:
        ends = (event.get("src_ip"), event.get("src_port"), event.get("dest_port"))
        if event["event_type"] == "http":
            http = event["http"]
            told["http", *ends, http.get("http_method"), http.get("url"), http.get("status")] += 1
        elif event["event_type"] == "flow":
            flow = event["flow"]
            told["flow", *ends, flow["bytes_toserver"], flow["bytes_toclient"]] += 1
        elif event["event_type"] == "alert":
            told["alert", event["alert"]["signature_id"]] = 1  # how often depends on the hour
    return told, [line for event in events for line in negatives(event)]


def is_told(name, wanted, got, problems):
    problems = [*problems, *(f"missing {what}" for what in wanted - got), *(f"unexpected {what}" for what in got - wanted)]
    print(f"{'FAILED' if problems else 'ok    '} {name}")
    for problem in problems[:6]:
        print("       " + problem)
    return not problems


def main():
    exwire, bad, runs = sys.argv[1], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[2:]:
            capture = pathlib.Path(name)
            wanted, problems = run(exwire, capture)
            if not wanted or problems:
                raise SystemExit(f"{capture.name}: {len(wanted)} events, {problems[:3]}")
            for variant, change in VARIANTS.items():
                target = pathlib.Path(folder) / "odd.pcap"
                rewrite(capture, target, change)
                runs += 1
                bad += not is_told(f"{capture.name}: {variant}", wanted, *run(exwire, target))
    print(f"figure: {runs} replays with odd times, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
