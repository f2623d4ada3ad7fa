#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Rules are exchanged while packets come: USR2 takes over new ones, and a file that has gone or rules
that a strict sensor does not take leave the old ones active.

Usage: reload.py EXWIRE. Needs the right to capture (root); otherwise counts as skipped.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import loopback


def rule(sid):
    return ('alert http any any -> any any (msg:"m"; flow:to_server; http.method; content:"GET"; '
            f"sid:{sid};)\n")


def main():
    if os.geteuid() != 0:
        print("capturing needs root")
        return 77
    port = loopback.serve()
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        rules = pathlib.Path(folder) / "site.rules"
        log = pathlib.Path(folder) / "eve.json"
        errors = pathlib.Path(folder) / "errors"
        rules.write_text(rule(1))
        with errors.open("w") as out:
            sensor = subprocess.Popen(
                [sys.argv[1], "-v", "-i", "lo", "-l", folder, "--strict", "-S", str(rules),
                 "--set", "outputs.stats_interval=1s", f"tcp port {port}"], stderr=out)

        def alerts():
            lines = log.read_text().splitlines() if log.exists() else []
            events = [json.loads(line) for line in lines]
            return [event["alert"]["signature_id"] for event in events
                    if event["event_type"] == "alert"]

        def expect(sid, why):
            loopback.get(port, "/")
            if not loopback.wait_for(lambda: sid in alerts(), 15):
                problems.append(f"{why}: no alert of sid {sid}, only {alerts()}")

        def reload(text):
            before = errors.read_text().count(text)
            sensor.send_signal(signal.SIGUSR2)
            if not loopback.wait_for(lambda: errors.read_text().count(text) > before, 15):
                problems.append(f"not said: {text}\n{errors.read_text()}")

        try:
            loopback.wait_for(log.exists, 15)
            time.sleep(1)
            expect(1, "before")
            rules.write_text(rule(2))
            reload("rules reloaded")
            expect(2, "after a reload")
            rules.write_text(rule(3) + rule(4).replace("http.method", "no.keyword"))
            reload("the old rules stay")
            rules.unlink()
            reload("the old rules stay")
            rules.write_text(rule(2) + rule(5))
            reload("rules reloaded")
            expect(5, "after failures")
            if 3 in alerts():
                problems.append("rules that were refused are active")
        finally:
            sensor.terminate()
            if sensor.wait(timeout=20) != 0:
                problems.append(f"exit status {sensor.returncode}")
    for problem in problems:
        print(problem)
    print("figure: 4 reloads,", len(problems), "problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
