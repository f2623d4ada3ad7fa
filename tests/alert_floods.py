#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Floods of packets that raise findings: one client, and more clients than stories are kept, that ask for OWA in clear.
Each story is told when it begins and once more with the exact number of its repetitions: no line more, nothing lost.

Usage: alert_floods.py EXWIRE
"""
import json
import struct
import subprocess
import sys
import tempfile

from floods import ACK, ANSWER, PSH, SERVER, SYN, frame

REQUEST = b"GET /owa/ HTTP/1.1\r\nHost: mail.exwire.example\r\n\r\n"
PER_CONNECTION = 5
OK = ANSWER.replace(b"302 Found", b"200 OK")


def connection(client, port):
    mine, theirs = 1000, 9000
    yield frame(client, SERVER, port, 80, mine, 0, SYN)
    yield frame(SERVER, client, 80, port, theirs, mine + 1, SYN | ACK)
    mine, theirs = mine + 1, theirs + 1
    for _ in range(PER_CONNECTION):
        yield frame(client, SERVER, port, 80, mine, theirs, ACK | PSH, REQUEST)
        mine += len(REQUEST)
        yield frame(SERVER, client, 80, port, theirs, mine, ACK | PSH, OK)
        theirs += len(OK)


def findings(exwire, requests, clients):
    """Alert lines, and the last count of each story: who, and when it began."""
    with tempfile.NamedTemporaryFile(suffix=".pcap") as capture:
        capture.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        sent = 0
        for number in range(requests // PER_CONNECTION):
            client = bytes([10, 9, number % clients >> 8, number % clients & 255])
            for octets in connection(client, 1024 + number // clients):
                capture.write(struct.pack("<IIII", 1800000000 + sent // 50000, sent % 50000 * 20, len(octets),
                                          len(octets)) + octets)
                sent += 1
        capture.flush()
        told = subprocess.run([exwire, "-q", "-r", capture.name], check=True, capture_output=True, text=True).stdout
    lines, stories = 0, {}
    for line in told.splitlines():
        if '"event_type":"alert"' in line:
            event = json.loads(line)
            facts = event["alert"]["context"]["exchange"]
            lines += 1
            story = (event["alert"]["signature_id"], event["src_ip"], facts["first_seen"])
            stories[story] = max(stories.get(story, 0), facts["occurrences"])
    return lines, stories


def main():
    failed = False
    for requests, clients in ((50000, 1), (50000, 5000)):
        lines, stories = findings(sys.argv[1], requests, clients)
        total = sum(stories.values())
        print(f"figure: {requests} findings by {clients} clients: {lines} lines, {len(stories)} stories, {total} counted")
        failed |= total != requests or lines > 2 * len(stories) or len(stories) > 2 * clients
    return failed


if __name__ == "__main__":
    sys.exit(main())
