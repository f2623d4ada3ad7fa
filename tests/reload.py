#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Rules are exchanged while packets come: USR2 takes over new ones, and a file that has gone or rules
that a strict sensor does not take leave the old ones active.

Usage: reload.py EXWIRE. Needs the right to capture (root); otherwise counts as skipped.
"""
import http.client
import http.server
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


def wait_for(condition, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def rule(sid):
    return ('alert http any any -> any any (msg:"m"; flow:to_server; http.method; content:"GET"; '
            f"sid:{sid};)\n")


def main():
    if os.geteuid() != 0:
        print("capturing needs root")
        return 77
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
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
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/")
            connection.getresponse().read()
            connection.close()
            if not wait_for(lambda: sid in alerts()):
                problems.append(f"{why}: no alert of sid {sid}, only {alerts()}")

        def reload(text):
            before = errors.read_text().count(text)
            sensor.send_signal(signal.SIGUSR2)
            if not wait_for(lambda: errors.read_text().count(text) > before):
                problems.append(f"not said: {text}\n{errors.read_text()}")

        try:
            wait_for(log.exists)
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
