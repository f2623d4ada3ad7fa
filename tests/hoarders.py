#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Connections that make a sensor keep what they send: holes with octets behind them, hellos and heads that
never end, bodies that promise more when unpacked. Memory stays within the configured limit, and honest
requests meanwhile are told.

Usage: hoarders.py EXWIRE [--scale 1.0]    (the full form; 20 GiB are sent)
"""
import argparse
import gzip
import json
import os
import struct
import subprocess
import sys
import tempfile
import threading

from floods import ACK, PSH, SERVER, SYN, exchange, frame

SEGMENT = 32768
HELD = (1 << 20) - 4 * SEGMENT  # a little more and the hole is given up
HELLO = b"\x16\x03\x01\x20\x00\x01\x00\x1f\xfc\x03\x03" + bytes(1200)
HEAD = b"POST /owa/ HTTP/1.1\r\nHost: mail.exwire.example\r\nX-Slow: " + b"a" * 600
BOMB = (b"POST /ews/exchange.asmx HTTP/1.1\r\nHost: mail.exwire.example\r\nContent-Encoding: gzip\r\n"
        b"Content-Type: text/xml\r\nContent-Length: %d\r\n\r\n")


def opening(client, port):
    yield frame(client, SERVER, port, 80, 1000, 0, SYN)
    yield frame(SERVER, client, 80, port, 9000, 1001, SYN | ACK)
    yield frame(client, SERVER, port, 80, 1001, 9001, ACK)


def large(client, seq, payload):
    """A segment of the client without checksums, which nobody looks at here: they would take minutes."""
    packet = bytearray(frame(client, SERVER, 40000, 80, seq, 9001, ACK | PSH))
    packet[16:18] = struct.pack("!H", 40 + len(payload))
    return bytes(packet) + payload


def address(kind, number):
    return bytes([11 + kind, number >> 16 & 255, number >> 8 & 255, number & 255])


def hole(number, octets):
    client = address(0, number)
    yield from opening(client, 40000)
    filler = b"\xaa" * SEGMENT
    for at in range(0, octets, SEGMENT):
        yield large(client, 1001 + 100 + at, filler)


def unfinished(kind, number, text):
    client = address(kind, number)
    yield from opening(client, 40000)
    yield large(client, 1001, text)


def bomb(number, packed):
    client = address(3, number)
    yield from opening(client, 40000)
    text = BOMB % len(packed) + packed
    for at in range(0, len(text), SEGMENT):
        yield large(client, 1001 + at, text[at:at + SEGMENT])


def packets(scale, requests):
    """Honest packets between those of the hoarders, spread over all of them."""
    count = {"holes": int(20000 * scale), "hellos": int(16384 * scale), "heads": int(10000 * scale),
             "bombs": int(1000 * scale)}
    packed = gzip.compress(bytes(32 << 20))
    hoarders = ([hole(number, HELD) for number in range(count["holes"])] +
                [unfinished(1, number, HELLO) for number in range(count["hellos"])] +
                [unfinished(2, number, HEAD) for number in range(count["heads"])] +
                [bomb(number, packed) for number in range(count["bombs"])])
    under_way = [exchange(number) for number in range(requests)]
    honest = [next(one) for _ in range(9) for one in under_way]
    every = max(len(honest) // max(len(hoarders), 1), 1)
    # Sixteen hoarders at a time, so that their connections overlap as on a wire.
    while hoarders:
        group, hoarders = hoarders[:16], hoarders[16:]
        while group:
            for one in list(group):
                packet = next(one, None)
                if packet is None:
                    group.remove(one)
                else:
                    yield packet
        for _ in range(16 * every):
            if honest:
                yield honest.pop(0)
    yield from honest


def feed(pipe, scale, requests):
    sent = 0
    with pipe:
        pipe.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for one in packets(scale, requests):
            pipe.write(struct.pack("<IIII", 1800000000 + sent // 200000, sent % 200000 * 5, len(one), len(one)) + one)
            sent += 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("exwire")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--limit", type=int, default=768, help="MiB of all tables together")
    parser.add_argument("--memory", type=int, default=1024, help="MiB resident at most; 0: not looked at (sanitizers)")
    arguments = parser.parse_args()
    limit = arguments.limit << 20
    with tempfile.TemporaryDirectory() as logs:
        process = subprocess.Popen([arguments.exwire, "-q", "-k", "none", "--set", f"memory.limit={limit}", "-r", "-",
                                    "-l", logs], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        writer = threading.Thread(target=feed, args=(process.stdin, arguments.scale, arguments.requests))
        writer.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        writer.join()
        told, most = set(), 0
        for line in open(os.path.join(logs, "eve.json"), encoding="utf-8"):
            if '"event_type":"http"' in line:
                http = json.loads(line)["http"]
                if http.get("status") == 302:
                    told.add(http.get("url"))
            elif '"event_type":"stats"' in line:
                most = max(most, json.loads(line)["stats"]["flow"]["memuse"])
    resident = usage.ru_maxrss >> 10
    ok = status == 0 and len(told) >= 0.999 * arguments.requests and most <= limit
    ok = ok and (not arguments.memory or resident <= arguments.memory)
    print(f"figure: hoarders at scale {arguments.scale}: {len(told)} of {arguments.requests} requests told, "
          f"{resident} MiB resident, budget {most >> 20} of {limit >> 20} MiB" + ("" if ok else "  FAIL"))
    sys.exit(not ok)


if __name__ == "__main__":
    main()
