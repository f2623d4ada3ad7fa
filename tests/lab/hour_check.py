#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Replays what honest_hour.sh has recorded: nothing in it is a stall.

Usage: hour_check.py EXWIRE CAPTURE
"""
import collections
import datetime
import json
import subprocess
import sys

STALLS = range(1443101, 1443110)


def main():
    exwire, capture = sys.argv[1:]
    told = subprocess.run([exwire, "-q", "-r", capture], check=True, capture_output=True, text=True).stdout
    first, last, clients, kinds, stalls = None, None, set(), collections.Counter(), []
    for event in map(json.loads, told.splitlines()):
        kinds[event["event_type"]] += 1
        if event["event_type"] == "flow":
            clients.add(event["src_ip"])
            first = min(first or event["flow"]["start"], event["flow"]["start"])
            last = max(last or event["flow"]["end"], event["flow"]["end"])
        elif event["event_type"] == "alert" and event["alert"]["signature_id"] in STALLS:
            stalls.append(event["alert"])
    begin, end = (datetime.datetime.strptime(time, "%Y-%m-%dT%H:%M:%S.%f%z") for time in (first, last))
    print(f"figure: {(end - begin).total_seconds():.0f} s of packet time, {len(clients)} clients, "
          f"{kinds['flow']} connections, {kinds['http']} requests in clear: {len(stalls)} findings of stalls")
    for alert in stalls:
        print(alert["signature"], alert["context"]["exchange"])
    return bool(stalls)


if __name__ == "__main__":
    sys.exit(main())
