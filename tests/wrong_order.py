#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Captures that are named newest first: each must be told what it is told alone, at its own times.

Usage: wrong_order.py EXWIRE CAPTURE.gz...  (classic pcap, microseconds)
"""
import collections
import gzip
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile

from odd_times import is_told, negatives, rewrite

WEEK = 7 * 86400


def run(exwire, *captures):
    command = [exwire, "-q", "--set", "outputs.extended=yes"]
    for capture in captures:
        command += ["-r", str(capture)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if result.returncode != 0:
        raise SystemExit(f"exit status {result.returncode}: {result.stderr}")
    told, problems = collections.Counter(), []
    for event in map(json.loads, result.stdout.splitlines()):
        problems += negatives(event)
        if event["event_type"] == "stats":
            continue
        ends = tuple(event.get(key) for key in ("timestamp", "src_ip", "src_port", "dest_ip", "dest_port"))
        alert = event.get("alert", {})
        state = alert.get("context", {}).get("exchange", {}).get("state")
        told[event["event_type"], *ends, alert.get("signature_id"), state] += 1
    return told, problems


def main():
    exwire, bad, runs = sys.argv[1], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        older, newer = [], []
        for name in map(pathlib.Path, sys.argv[2:]):
            older.append(pathlib.Path(folder, name.stem))
            older[-1].write_bytes(gzip.decompress(name.read_bytes()))
            newer.append(pathlib.Path(folder, "newer-" + name.stem))
            rewrite(older[-1], newer[-1], lambda n, count, s, u, first: (s + WEEK, u))
        alone = {capture: run(exwire, capture)[0] for capture in older + newer}
        if any(not any(what[0] == "alert" for what in told) for told in alone.values()):
            raise SystemExit("a capture of which nothing is told proves nothing")
        for first, second in itertools.product(newer, older):
            wanted = alone[first] + alone[second]
            runs += 1
            bad += not is_told(f"{first.stem}, then {second.stem}", wanted, *run(exwire, first, second))
    print(f"figure: {runs} replays in the wrong order, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
