#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Recordings of idle timeouts (tests/lab/idle) as worse captures would have them: packets missing at
random, or only one direction. What is said of a path must stay right or become `insufficient`.

Usage: idle_views.py EXWIRE [--seeds 5] MODE:SECONDS:CAPTURE...
MODE: silent, rst, fin, or none where nothing forgets; CAPTURE: classic pcap, also compressed with gzip.
Exit: 0 when nothing wrong was said, 1 otherwise.
"""
import argparse
import collections
import gzip
import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile


def records(path):
    """The header of a capture and its records, (record with its header, whether a client sent it)."""
    data = pathlib.Path(path).read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    order = "<" if data[:4] == b"\xd4\xc3\xb2\xa1" else ">"
    found, at = [], 24
    while at + 16 <= len(data):
        size = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        frame = data[at + 16:at + 16 + size]
        tcp = 14 + (frame[14] & 15) * 4
        found.append((data[at:at + 16 + size], frame[tcp + 2:tcp + 4] == b"\x01\xbb"))
        at += 16 + size
    return data[:24], found


def views(seeds):
    """Names and what of a capture they keep."""
    def thinned(share, seed):
        chance = random.Random(seed)
        return lambda _: chance.random() >= share
    kept = {"all of it": [lambda _: True], "only to the server": [lambda client: client],
            "only to the client": [lambda client: not client]}
    for share in (0.01, 0.03):
        kept[f"{share:.0%} removed"] = [thinned(share, seed) for seed in range(seeds)]
    return kept


def paths(exwire, capture, seconds):
    command = [exwire, "-q", "-r", capture, "--set", "outputs.extended=yes"]
    if seconds < 60:
        command += ["--set", "direct_push.shortest_gap=1s", "--set", "direct_push.shortest_heartbeat=2s"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    events = [json.loads(line) for line in output.splitlines()]
    alerts = [event["alert"] for event in events if event["event_type"] == "alert"]
    told = [alert["context"]["exchange"] for alert in alerts if alert["signature_id"] == 1443201]
    return told, events[-1].get("exchange", {}).get("idle_paths", [])


def judge(told, known, mode, seconds):
    """right, insufficient, or what was wrong."""
    if not told:
        reasons = {path["verdict"] for path in known}
        return "right" if mode == "none" else "; ".join(sorted(reasons)) or "not measured"
    last = told[-1]
    right = last["mode"] == mode and last["lower_s"] <= seconds <= last["upper_s"] and last["state"] != "closed"
    return "right" if right else f"WRONG: {last['state']} {last['mode']} {last['lower_s']} to {last['upper_s']} s"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("exwire")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("captures", nargs="+")
    arguments = parser.parse_args()
    verdicts = collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory() as folder:
        view = pathlib.Path(folder) / "view.pcap"
        for name in arguments.captures:
            mode, seconds, capture = name.split(":", 2)
            head, found = records(capture)
            for kind, choices in views(arguments.seeds).items():
                for keep in choices:
                    view.write_bytes(head + b"".join(record for record, client in found if keep(client)))
                    verdicts[kind][judge(*paths(arguments.exwire, view, float(seconds)), mode, float(seconds))] += 1
    wrong = 0
    for kind, counts in verdicts.items():
        wrong += sum(times for verdict, times in counts.items() if verdict.startswith("WRONG"))
        print(f"figure: {kind}: " + ", ".join(f"{times} {verdict}" for verdict, times in counts.most_common()))
    return 1 if wrong or verdicts["all of it"]["right"] < len(arguments.captures) else 0


if __name__ == "__main__":
    sys.exit(main())
