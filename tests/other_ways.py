#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The same traffic as other capture points see it: neighbours that changed places, packets seen twice, behind VLAN
tags, cut into fragments, in every kind of tunnel. The captures of the golden cases and of pcaps/ must raise the same
findings and tell the same requests and names each way.

Usage: other_ways.py EXWIRE CAPTURE_FOLDER...
"""
import collections
import gzip
import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

LINK = bytes.fromhex("020000000001020000000002")
ETHERNET, IPV4, TCP = 1, b"\x08\x00", 6
SOON = 1000  # microseconds: packets further apart do not change places on their way


def read(path):
    """(time in microseconds, octets) of each packet of a capture of Ethernet; None for other captures."""
    data = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    if data[:4] != b"\xd4\xc3\xb2\xa1" or data[20] != ETHERNET:
        return None
    packets, at = [], 24
    while at < len(data):
        seconds, micros, size, _ = struct.unpack_from("<IIII", data, at)
        packets.append((seconds * 10**6 + micros, data[at + 16:at + 16 + size]))
        at += 16 + size
    return packets


def write(path, packets):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, ETHERNET))
        for time, octets in packets:
            file.write(struct.pack("<IIII", time // 10**6, time % 10**6, len(octets), len(octets)) + octets)


def header(original, size, identity, offset):
    """The IPv4 header again, for a part of its datagram."""
    head = original[:2] + struct.pack(">HHH", size, identity, offset) + original[8:10] + b"\0\0" + original[12:]
    total = sum(struct.unpack(f">{len(head) // 2}H", head))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return head[:10] + struct.pack(">H", ~total & 0xFFFF) + head[12:]


def over_ip(protocol, payload, identity):
    bare = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, protocol, 0, b"\x0a\x09\x08\x07", b"\x0a\x09\x08\x06")
    return LINK + IPV4 + header(bare, 20 + len(payload), identity & 0xFFFF, 0) + payload


def over_udp(port, payload, identity):
    return over_ip(17, struct.pack(">HHHH", 40000 + identity % 1000, port, 8 + len(payload), 0) + payload, identity)


def number(value):
    return struct.pack(">I", value)


TUNNELS = {
    "VLAN": lambda frame, _: frame[:12] + b"\x81\x00\x00\x07" + frame[12:],
    "QinQ": lambda frame, _: frame[:12] + b"\x88\xa8\x00\x05\x81\x00\x00\x06" + frame[12:],
    "MPLS": lambda frame, _: frame[:12] + b"\x88\x47\x00\x01\x00\x40\x00\x02\x01\x40" + frame[14:],
    "PPPoE": lambda frame, _: frame[:12] + b"\x88\x64\x11\0\0\7" + struct.pack(">H", len(frame) - 12) + b"\0\x21" +
             frame[14:],
    "GRE": lambda frame, index: over_ip(47, b"\x30\0\x08\0\0\0\0\7" + number(index) + frame[14:], index),
    "ERSPAN II": lambda frame, index: over_ip(47, b"\x10\0\x88\xbe" + number(index) + b"\x10\x05\0\1\0\0\0\0" + frame,
                                              index),
    "ERSPAN III": lambda frame, index: over_ip(47, b"\x10\0\x22\xeb" + number(index) + b"\x20\x05\0\1" + bytes(8) +
                                               frame, index),
    "VXLAN": lambda frame, index: over_udp(4789, b"\x08\0\0\0\0\0\x2a\0" + frame, index),
    "Geneve": lambda frame, index: over_udp(6081, b"\0\0\x65\x58\0\0\x2a\0" + frame, index),
    "GTP": lambda frame, index: over_udp(2152, b"\x30\xff" + struct.pack(">H", len(frame) - 14) + b"\0\0\0\5" +
                                         frame[14:], index),
    "IP in IP": lambda frame, index: over_ip(4, frame[14:], index),
}


def swapped(packets, chance):
    octets = [packet[1] for packet in packets]
    at = 0
    while at + 1 < len(packets):
        if packets[at + 1][0] - packets[at][0] < SOON and chance.random() < 0.15:
            octets[at], octets[at + 1] = octets[at + 1], octets[at]
            at += 1
        at += 1
    return [(time, frame) for (time, _), frame in zip(packets, octets)]


def twice(packets, chance):
    return [packet for packet in packets for _ in range(1 + (chance.random() < 0.2))]


def fragments(packets, chance):
    out = []
    for index, (time, frame) in enumerate(packets):
        size, = struct.unpack(">H", frame[16:18])
        head, payload = frame[14:14 + (frame[14] & 15) * 4], frame[14 + (frame[14] & 15) * 4:14 + size]
        if frame[23] != TCP or len(payload) < 64:
            out.append((time, frame))
            continue
        cut = chance.randrange(24, len(payload) - 8) // 8 * 8
        parts = [(time, frame[:14] + header(head, len(head) + len(part), index & 0xFFFF, offset) + part)
                 for offset, part in ((0x2000, payload[:cut]), (cut // 8, payload[cut:]))]
        out += parts[::-1] if chance.random() < 0.5 else parts
    return out


def inside(tunnel):
    return lambda packets, _: [(time, TUNNELS[tunnel](frame, index)) for index, (time, frame) in enumerate(packets)]


WAYS = {"order 1": swapped, "order 2": swapped, "order 3": swapped, "twice": twice, "fragments": fragments,
        **{tunnel: inside(tunnel) for tunnel in TUNNELS}}


def told(exwire, packets, folder):
    capture = pathlib.Path(folder) / "way.pcap"
    write(capture, packets)
    output = subprocess.run([exwire, "-q", "-r", capture], check=True, capture_output=True, timeout=120).stdout
    found = collections.Counter()
    for event in map(json.loads, output.splitlines()):
        kind = event["event_type"]
        if kind == "alert":  # how often a finding is brought up to date depends on single packets
            found["alert", event["alert"]["signature_id"]] = 1
        elif kind == "http" and "http_method" in event["http"]:
            found["request", event["http"]["http_method"], event["http"].get("url"), event["http"].get("status")] += 1
        elif kind == "tls":
            found["handshake", event["tls"].get("sni"), event["tls"].get("version")] += 1
    return found


def main():
    exwire, wrong = sys.argv[1], 0
    paths = sorted(path for folder in sys.argv[2:] for path in pathlib.Path(folder).rglob("*.pcap*"))
    captures = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            packets = read(path)
            if packets is None or any(frame[12:14] != IPV4 for _, frame in packets):
                continue
            captures += 1
            expected = told(exwire, packets, folder)
            for seed, (way, change) in enumerate(WAYS.items()):
                found = told(exwire, change(packets, random.Random(seed)), folder)
                if found != expected:
                    wrong += 1
                    print(f"WRONG {path.name}, {way}: missing {list((expected - found).items())[:5]}, "
                          f"new {list((found - expected).items())[:5]}")
    print(f"figure: {captures * len(WAYS) - wrong} of {captures * len(WAYS)} replays of {captures} captures tell the same")
    return 1 if wrong or captures == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
