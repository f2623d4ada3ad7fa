#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Floods of packets that raise findings: one client, and up to 100,000 clients that ask for OWA in clear. Each story is told when it begins and once more with its repetitions; when there are more than
may be told, the rest is summed up by signature. At most 100 lines in any second of packet time, and what
the lines say adds up to every single request.

Usage: alert_floods.py EXWIRE [--requests 50000]     the full form: --requests 10000000 (3 GB of scratch)
"""
import argparse
import collections
import json
import os
import struct
import subprocess
import tempfile

from floods import ACK, ANSWER, PSH, SERVER, SYN, frame

REQUEST = b"GET /owa/ HTTP/1.1\r\nHost: mail.exwire.example\r\n\r\n"
LEAST_PER_CONNECTION = 5
FRAMES_A_SECOND = 50000
MOST_LINES = 100
OK = ANSWER.replace(b"302 Found", b"200 OK")


def connection(client, port, requests):
    mine, theirs = 1000, 9000
    yield frame(client, SERVER, port, 80, mine, 0, SYN)
    yield frame(SERVER, client, 80, port, theirs, mine + 1, SYN | ACK)
    mine, theirs = mine + 1, theirs + 1
    for _ in range(requests):
        yield frame(client, SERVER, port, 80, mine, theirs, ACK | PSH, REQUEST)
        mine += len(REQUEST)
        yield frame(SERVER, client, 80, port, theirs, mine, ACK | PSH, OK)
        theirs += len(OK)


def write(path, requests, clients):
    with open(path, "wb", buffering=1 << 20) as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        sent = 0
        # Fewer connections than the sensor keeps, and no port used twice.
        each = max(LEAST_PER_CONNECTION, requests // max(clients, 50000))
        for number in range(requests // each):
            client = (0x0a090000 + number % clients).to_bytes(4, "big")
            for octets in connection(client, 1024 + number // clients, each):
                out.write(struct.pack("<IIII", 1800000000 + sent // FRAMES_A_SECOND,
                                      sent % FRAMES_A_SECOND * 20, len(octets), len(octets)) + octets)
                sent += 1
    return sent


def findings(exwire, capture):
    """The last count of each story and of each crowd: who, and when it began; lines of each second; seconds."""
    stories, crowds, lines = {}, {}, collections.Counter()
    with subprocess.Popen([exwire, "-q", "-r", capture], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if '"event_type":"alert"' not in line:
                continue
            event = json.loads(line)
            facts = event["alert"]["context"]["exchange"]
            lines[event["timestamp"][:19]] += 1
            crowd = "held_back" in facts
            story = (event["alert"]["signature_id"], "" if crowd else event["src_ip"], facts["first_seen"])
            told = crowds if crowd else stories
            told[story] = max(told.get(story, 0), facts["occurrences"])
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
    return status, stories, crowds, lines, usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("exwire")
    parser.add_argument("--requests", type=int, default=50000)
    arguments = parser.parse_args()
    bad = False
    requests = arguments.requests
    for clients in (1, min(100000, requests // LEAST_PER_CONNECTION)):
        with tempfile.NamedTemporaryFile(suffix=".pcap") as capture:
            packets = write(capture.name, requests, clients)
            status, stories, crowds, lines, seconds = findings(arguments.exwire, capture.name)
        told, held_back = sum(stories.values()), sum(crowds.values())
        most = max(lines.values(), default=0)
        ok = status == 0 and told + held_back == requests and most <= MOST_LINES
        ok = ok and (clients > 1 or (sum(lines.values()) == 2 and not crowds))
        bad = bad or not ok
        print(f"figure: {requests} findings by {clients} clients in {packets / FRAMES_A_SECOND:.0f} s of packet time: "
              f"{sum(lines.values())} lines, at most {most} in a second, {len(stories)} stories with {told}, "
              f"{held_back} held back and counted, {packets / seconds / 1000:.0f} thousand packets per second of "
              f"processor" + ("" if ok else "  FAIL"))
    return bad


if __name__ == "__main__":
    raise SystemExit(main())
