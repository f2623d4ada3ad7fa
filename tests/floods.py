#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Floods from distinct sources with honest requests between: every request is told, memory stays where
it was, and no established connection is given up for them.

Usage: floods.py EXWIRE [--packets 5000000] [--requests 1000]
"""
import argparse
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

SYN, RST, PSH, ACK, FIN = 2, 4, 8, 16, 1
SERVER = bytes([198, 51, 100, 20])
HONEST = '"10.9.'
REQUEST = b"GET /owa/?n=%d HTTP/1.1\r\nHost: mail.exwire.example\r\n\r\n"
ANSWER = b"HTTP/1.1 302 Found\r\nLocation: https://mail.exwire.example/owa/\r\nContent-Length: 0\r\n\r\n"


def words(octets):
    return sum(struct.unpack("!%dH" % (len(octets) // 2), octets))


def fold(total):
    total = (total >> 16) + (total & 0xffff)
    return ~((total >> 16) + total) & 0xffff


def frame(source, target, source_port, target_port, seq, ack, flags, payload=b""):
    length = 20 + len(payload)
    ip = struct.pack("!BBHHHBB", 0x45, 0, 20 + length, 0, 0x4000, 64, 6)
    tcp = struct.pack("!HHIIBBH", source_port, target_port, seq, ack, 0x50, flags, 65535)
    ends = words(source) + words(target)
    padded = payload + b"\0" * (len(payload) % 2)
    return b"".join((
        b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0", ip, struct.pack("!H", fold(words(ip) + ends)), source, target, tcp,
        struct.pack("!HH", fold(words(tcp) + words(padded) + ends + 6 + length), 0), payload))


def junk_of(kind, chance):
    """A packet of the flood, from a source of its own."""
    source, port = chance.getrandbits(32).to_bytes(4, "big"), chance.randrange(1024, 65536)
    if source[0] == 10:
        source = b"\x0b" + source[1:]
    seq, ack = chance.getrandbits(32), chance.getrandbits(32)
    if kind == "syn":
        return frame(source, SERVER, port, 443, seq, 0, SYN)
    flags, payload = chance.choice([(ACK, b""), (RST, b""), (RST | ACK, b""), (ACK | PSH, b"\x17\x03\x03\x00\x02ab"),
                                    (ACK | PSH, b"\0" * 16), (FIN | ACK, b"")])
    return frame(source, SERVER, port, 443, seq, ack, flags, payload)


def exchange(number):
    """One honest connection; its packets come far apart."""
    client, port = bytes([10, 9, number >> 8, number & 255]), 40000
    request = REQUEST % number
    mine, theirs = 1000, 9000
    yield frame(client, SERVER, port, 80, mine, 0, SYN)
    yield frame(SERVER, client, 80, port, theirs, mine + 1, SYN | ACK)
    yield frame(client, SERVER, port, 80, mine + 1, theirs + 1, ACK)
    yield frame(client, SERVER, port, 80, mine + 1, theirs + 1, ACK | PSH, request[:20])
    yield frame(client, SERVER, port, 80, mine + 21, theirs + 1, ACK | PSH, request[20:])
    end = mine + 1 + len(request)
    yield frame(SERVER, client, 80, port, theirs + 1, end, ACK | PSH, ANSWER)
    yield frame(client, SERVER, port, 80, end, theirs + 1 + len(ANSWER), ACK | FIN)
    yield frame(SERVER, client, 80, port, theirs + 1 + len(ANSWER), end + 1, ACK | FIN)
    yield frame(client, SERVER, port, 80, end + 1, theirs + 2 + len(ANSWER), ACK)


def write(path, kind, packets, requests):
    """`packets` of the flood at 500,000 a second; all requests are under way at once."""
    chance = random.Random(7)
    under_way = [exchange(number) for number in range(requests)]
    honest = [next(one) for _ in range(9) for one in under_way]
    every = max(packets // len(honest), 1) if packets else 1
    with open(path, "wb", buffering=1 << 20) as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        sent = 0

        def put(one):
            out.write(struct.pack("<IIII", 1800000000 + sent // 500000, sent % 500000 * 2, len(one), len(one)) + one)

        for one in honest:
            put(one)
            sent += 1
            for _ in range(every if packets else 0):
                put(junk_of(kind, chance))
                sent += 1
    return sent


def replay(exwire, path):
    with tempfile.TemporaryDirectory() as logs:
        process = subprocess.Popen([exwire, "-q", "-r", path, "-l", logs], stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        told, stats, wrong = set(), {}, []
        for line in open(os.path.join(logs, "eve.json"), encoding="utf-8"):
            if '"event_type":"http"' in line:
                http = json.loads(line)["http"]
                if http.get("status") == 302 and "url" in http:
                    told.add(http.get("url"))
            elif '"event_type":"stats"' in line:
                stats = json.loads(line)["stats"]
            elif '"event_type":"alert"' in line and HONEST in line:
                wrong.append(json.loads(line)["alert"]["signature"])
    return status, told, stats, usage, wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("exwire")
    parser.add_argument("--packets", type=int, default=5000000)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--memory", type=int, default=64, help="MiB it may grow by; 0: not looked at (sanitizers)")
    arguments = parser.parse_args()
    bad = False
    with tempfile.NamedTemporaryFile(suffix=".pcap") as capture:
        write(capture.name, "syn", 0, arguments.requests)
        _, told, _, calm, _ = replay(arguments.exwire, capture.name)
        if len(told) != arguments.requests:
            sys.exit(f"FAIL: without a flood only {len(told)} of {arguments.requests} requests are told")
        for kind in ("syn", "junk"):
            packets = write(capture.name, kind, arguments.packets, arguments.requests)
            status, told, stats, usage, wrong = replay(arguments.exwire, capture.name)
            grown = (usage.ru_maxrss - calm.ru_maxrss) / 1024
            seconds = usage.ru_utime + usage.ru_stime
            # The capture is mapped: pages of it count as resident until they are let go.
            ok = status == 0 and len(told) == arguments.requests and stats["tcp"]["ssn_memcap_drop"] == 0
            ok = ok and not any("half-open" in one or "backscatter" in one for one in wrong)
            ok = ok and (not arguments.memory or grown <= arguments.memory)
            bad = bad or not ok
            print(f"figure: {kind} flood of {packets} packets: {len(told)} of {arguments.requests} requests told, "
                  f"{grown:.1f} MiB more, {packets / seconds / 1000:.0f} thousand packets per second of processor"
                  + ("" if ok else "  FAIL"))
    sys.exit(bad)


if __name__ == "__main__":
    main()
