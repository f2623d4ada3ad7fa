#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Rules are exchanged many times while a capture is read, one time in ten for a file that a strict
sensor does not take: every request is told all the same, what is broken leaves the old rules active, and
rules that were replaced leave no memory behind.

Usage: rule_reloads.py EXWIRE [--reloads 100] [--rules 1000]   (full form: 1000 reloads, 5000 rules)
"""
import argparse
import collections
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
from tcp_capture import Capture, Connection  # noqa: E402

SLOWEST = 2.0
MOST_GROWTH = 320  # MiB from the tenth part of all reloads on; sanitizers keep 256 MiB of what was freed
RULE = 'alert http any any -> any any (msg:"m"; flow:to_server; http.uri; content:"{}"; sid:{};)\n'


def rules_of(count, round_number, broken):
    texts = [RULE.format("/owa", 1)] + [RULE.format(f"x{sid}y{round_number}", sid) for sid in range(2, count + 1)]
    return "".join(texts) + ("alert http any any -> any any (broken)\n" if broken else "")


def resident(process):
    """MiB"""
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())[1]) // 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("exwire")
    parser.add_argument("--reloads", type=int, default=100)
    parser.add_argument("--rules", type=int, default=1000)
    arguments = parser.parse_args()
    requests, asked, broken_ones, sizes = 0, 0, 0, []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        path, log, errors = folder / "site.rules", folder / "eve.json", folder / "errors"
        path.write_text(rules_of(arguments.rules, 0, False))
        with log.open("w") as out, errors.open("w") as err:
            sensor = subprocess.Popen([arguments.exwire, "-v", "-r", "-", "-S", path, "--strict",
                                       "--set", "decode.checksums=none"], stdin=subprocess.PIPE, stdout=out, stderr=err)
        while "rules loaded" not in errors.read_text():
            time.sleep(0.05)
        capture = Capture(sensor.stdin)
        for number in range(200000):
            one = Connection(capture, number)
            one.ask(b"GET /owa/ HTTP/1.1\r\nHost: h\r\n\r\n")
            one.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            one.close()
            requests += 1
            done = len(re.findall("rules reloaded|old rules stay", errors.read_text())) if number % 20 == 0 else -1
            if done == arguments.reloads:
                break
            if done == asked:  # the one before is over
                asked += 1
                if asked >= arguments.reloads // 10:
                    sizes.append(resident(sensor))
                broken = asked % 10 == 0
                broken_ones += broken
                fresh = folder / "fresh"
                fresh.write_text(rules_of(arguments.rules, asked, broken))
                os.rename(fresh, path)
                sensor.send_signal(signal.SIGUSR2)
            sensor.stdin.flush()
            time.sleep(0.001)
        sensor.stdin.close()
        sensor.wait()
        text = errors.read_text()
        with log.open() as lines:
            kinds = collections.Counter(json.loads(line)["event_type"] for line in lines)
    told, alerted = kinds["http"], kinds["alert"]
    times = [float(word) for word in re.findall(r"rules reloaded in ([\d.]+) s", text)]
    stayed = text.count("old rules stay")
    print(f"figure: {len(times)} reloads and {stayed} refusals of {arguments.rules} rules, the slowest "
          f"{max(times, default=0):.2f} s; {told} of {requests} requests told, {alerted} alerts; "
          f"{sizes[0]} to {max(sizes)} MiB resident")
    good = (sensor.returncode == 0 and told == requests and alerted > 0 and stayed == broken_ones and
            len(times) + stayed == arguments.reloads and max(times) <= SLOWEST and
            max(sizes) - sizes[0] <= MOST_GROWTH)
    return 0 if good else 1


sys.exit(main())
