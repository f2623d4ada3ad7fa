#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The program as a live sensor on loopback: sees a real request, names it, and stops on TERM.

Usage: live.py EXWIRE. Needs the right to capture (root); otherwise counts as skipped.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

import loopback


def main():
    if os.geteuid() != 0:
        print("capturing needs root")
        return 77
    port = loopback.serve()
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "eve.json"
        sensor = subprocess.Popen([sys.argv[1], "-i", "lo", "-l", folder, "--set",
                                   "site.loopback=report", "--set", "outputs.stats_interval=1s",
                                   f"tcp port {port}"], stderr=subprocess.PIPE)

        def events(kind):
            text = log.read_text() if log.exists() else ""
            return [event for event in map(json.loads, text.splitlines())
                    if event["event_type"] == kind]

        try:
            # Silence first: the counters come by the clock alone.
            silent = loopback.wait_for(lambda: events("stats"), 10)
            loopback.get(port, "/owa/")
            seen = loopback.wait_for(lambda: events("alert") and events("http"), 10)
            sensor.send_signal(signal.SIGTERM)
            status = sensor.wait(10)
        finally:
            if sensor.poll() is None:
                sensor.kill()
                sensor.wait()
        requests = events("http")
        flows = events("flow")
    problems = []
    if not silent:
        problems.append("no counters in silence")
    if not seen:
        problems.append("the request was not seen live")
    if len(requests) != 1:
        problems.append(f"{len(requests)} requests instead of one")
    if flows and flows[0]["flow"]["pkts_toserver"] > 10:
        problems.append("loopback packets were counted twice")
    if status != 0:
        problems.append(f"exit status {status} on TERM")
    print("\n".join(problems) or "figure: one request live, one alert, clean stop")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
