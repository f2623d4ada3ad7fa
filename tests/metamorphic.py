#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The same conversations, cut differently: what is told must not depend on how octets became packets.

Takes the connections of recorded captures as turns of octets, gives each its own client address, and
sends all of them again: cut at random places (down to one octet), segments repeated and reordered (up to
64), other initial sequence numbers (near the wrap, too), inside a VLAN, over IPv6. Every run must tell
the same requests, handshakes and findings as the plain run.

Usage: metamorphic.py EXWIRE [--exchanges 1000] [--cuts 50] CAPTURE...   (classic pcap, Ethernet)
"""
import argparse
import collections
import ipaddress
import json
import random
import struct
import subprocess
import sys
import tempfile

FIN, SYN, PSH, ACK = 1, 2, 8, 16
WRAP = 2**32


def conversations(path):
    """The turns [(from_client, octets), ...] of every connection that was seen from its SYN on."""
    data = open(path, "rb").read()
    order = "<" if data[:4] == b"\xd4\xc3\xb2\xa1" else ">"
    found, at = {}, 24
    while at < len(data):
        captured, = struct.unpack(order + "I", data[at + 8:at + 12])
        frame = data[at + 16:at + 16 + captured]
        at += 16 + captured
        if frame[12:14] != b"\x08\x00" or frame[23] != 6:
            continue
        ip = frame[14:14 + struct.unpack("!H", frame[16:18])[0]]
        tcp = ip[(ip[0] & 15) * 4:]
        source, target = (ip[12:16], tcp[0:2]), (ip[16:20], tcp[2:4])
        seq, = struct.unpack("!I", tcp[4:8])
        payload, flags = tcp[(tcp[12] >> 4) * 4:], tcp[13]
        if flags & SYN and not flags & ACK:
            found[source, target] = {"next": [seq + 1, None], "turns": [], "port": target[1], "server": ip[16:20]}
            continue
        from_client = (source, target) in found
        one = found.get((source, target) if from_client else (target, source))
        if one is None:
            continue
        side = 0 if from_client else 1
        if flags & SYN:
            one["next"][1] = seq + 1
        elif payload and one["next"][side] is not None and (seq - one["next"][side]) % WRAP == 0:
            one["next"][side] = (seq + len(payload)) % WRAP
            if one["turns"] and one["turns"][-1][0] == from_client:
                one["turns"][-1][1].extend(payload)
            else:
                one["turns"].append((from_client, bytearray(payload)))
    return [one for one in found.values() if one["turns"]]


def checksum(octets):
    if len(octets) % 2:
        octets += b"\0"
    total = sum(struct.unpack("!%dH" % (len(octets) // 2), octets))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Sender:
    """One connection as frames. Addresses, numbers and cuts come from the plan."""

    def __init__(self, number, conversation, plan, chance):
        self.conversation, self.plan, self.chance = conversation, plan, chance
        client, server = bytes([10, 20, number >> 8, number & 255]), bytes(conversation["server"])
        if plan["ipv6"]:
            prefix = bytes.fromhex("20010db8000000000000") + b"\0\0"
            client, server = prefix + client, prefix + server
        self.ends = [(client, struct.pack("!H", 30000 + number % 20000)), (server, bytes(conversation["port"]))]
        self.next = [chance.choice([0, 1, WRAP - 1, WRAP - 300, chance.randrange(WRAP)]) if plan["numbers"]
                     else 1000 for _ in range(2)]

    def frame(self, side, payload, flags, seq):
        (source, source_port), (target, target_port) = self.ends[side], self.ends[1 - side]
        ack = self.next[1 - side] if flags & ACK else 0
        tcp = source_port + target_port + struct.pack("!IIBBHHH", seq % WRAP, ack % WRAP, 0x50, flags, 65535, 0, 0)
        if len(source) == 4:
            pseudo = source + target + struct.pack("!HH", 6, len(tcp) + len(payload))
            ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp) + len(payload), 0, 0, 64, 6, 0) + source + target
            ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        else:
            pseudo = source + target + struct.pack("!II", len(tcp) + len(payload), 6)
            ip = struct.pack("!IHBB", 6 << 28, len(tcp) + len(payload), 6, 64) + source + target
        tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp + payload)) + tcp[18:]
        kind = b"\x08\x00" if len(source) == 4 else b"\x86\xdd"
        tag = b"\x81\x00\x00\x2a" if self.plan["vlan"] else b""
        return b"\x02\0\0\0\0\1\x02\0\0\0\0\2" + tag + kind + ip + tcp + payload

    def turn(self, side, octets):
        """The segments of a turn: cut, then repeated and put in disorder."""
        segments, at = [], 0
        while at < len(octets):
            size = 1400
            if self.plan["cut"]:
                size = self.chance.choice([1, 2, 3, 7, self.chance.randrange(1, 1400), 1400])
            part = bytes(octets[at:at + size])
            segments.append(self.frame(side, part, ACK | PSH, self.next[side] + at))
            at += len(part)
        self.next[side] += len(octets)
        if self.plan["repeat"]:
            segments = [copy for one in segments for copy in [one] * self.chance.choice([1, 1, 1, 2, 3])]
        if self.plan["disorder"]:
            for start in range(0, len(segments), 64):
                window = segments[start:start + 64]
                self.chance.shuffle(window)
                segments[start:start + 64] = window
        return segments

    def frames(self):
        result = [self.frame(0, b"", SYN, self.next[0])]
        self.next[0] += 1
        result.append(self.frame(1, b"", SYN | ACK, self.next[1]))
        self.next[1] += 1
        result.append(self.frame(0, b"", ACK, self.next[0]))
        for from_client, octets in self.conversation["turns"]:
            side = 0 if from_client else 1
            result += self.turn(side, octets)
            result.append(self.frame(1 - side, b"", ACK, self.next[1 - side]))
        for side in (0, 1):
            result.append(self.frame(side, b"", FIN | ACK, self.next[side]))
            self.next[side] += 1
        result.append(self.frame(0, b"", ACK, self.next[0]))
        return result


def write(path, conversations_sent, plan, seed):
    chance = random.Random(seed)
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for number, conversation in enumerate(conversations_sent):
            # Every connection within a second of its own, so that limits per hour see the same.
            frames = Sender(number, conversation, plan, chance).frames()
            for index, frame in enumerate(frames):
                micros = index * 999999 // len(frames)
                out.write(struct.pack("<IIII", 1800000000 + number, micros, len(frame), len(frame)) + frame)


# What a packet's place in the capture decides, and (`capture`) how much else was captured, not the conversation.
PLACES = {"timestamp", "flow_id", "pcap_cnt", "vlan", "community_id", "ip_v", "uid", "flow", "tcp", "age",
          "exw.wait_ms", "exw.handshake_ms", "first_seen", "last_seen", "occurrences", "pkt_src",
          "capture"}


def text_of(value):
    if isinstance(value, dict):
        return {key: text_of(inner) for key, inner in value.items() if key not in PLACES}
    if isinstance(value, list):
        return [text_of(inner) for inner in value]
    if isinstance(value, str) and value.startswith("2001:") and len(value) < 40:
        return str(ipaddress.IPv4Address(int(ipaddress.IPv6Address(value)) & 0xffffffff))
    return value


def told(exwire, path):
    """What is told about each client."""
    done = subprocess.run([exwire, "-q", "-r", path], capture_output=True, check=True, timeout=900)
    result = collections.defaultdict(list)
    for line in done.stdout.splitlines():
        event = json.loads(line)
        if event["event_type"] not in ("http", "tls", "alert", "anomaly"):
            continue
        event = text_of(event)
        client = event["src_ip"] if event["src_ip"].startswith("10.20.") else event["dest_ip"]
        result[client].append(json.dumps(event, sort_keys=True))
    return {client: sorted(lines) for client, lines in result.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("exwire")
    parser.add_argument("captures", nargs="+")
    parser.add_argument("--exchanges", type=int, default=1000)
    parser.add_argument("--cuts", type=int, default=50)
    arguments = parser.parse_args()
    recorded = [one for path in arguments.captures for one in conversations(path)]
    sent = [recorded[number % len(recorded)] for number in range(arguments.exchanges)]
    plain = dict.fromkeys(("cut", "repeat", "disorder", "numbers", "vlan", "ipv6"), False)
    equal = total = 0
    with tempfile.NamedTemporaryFile(suffix=".pcap") as capture:
        write(capture.name, sent, plain, 0)
        expected = told(arguments.exwire, capture.name)
        events = sum(map(len, expected.values()))
        if len(expected) < 0.9 * len(sent):
            sys.exit(f"FAIL: only {len(expected)} of {len(sent)} conversations tell anything")
        for seed in range(1, arguments.cuts + 1):
            chance = random.Random(seed)
            plan = {key: chance.random() < 0.6 for key in plain} | {"cut": True}
            write(capture.name, sent, plan, seed)
            found = told(arguments.exwire, capture.name)
            for number in range(len(sent)):
                client = f"10.20.{number >> 8}.{number & 255}"
                total += 1
                if found.get(client) == expected.get(client):
                    equal += 1
                elif total - equal <= 3:
                    missing = set(expected.get(client, [])) - set(found.get(client, []))
                    extra = set(found.get(client, [])) - set(expected.get(client, []))
                    print(f"seed {seed} {plan} {client}\n  missing {[one[:1000] for one in sorted(missing)[:2]]}\n  extra {[one[:1000] for one in sorted(extra)[:2]]}")
    print(f"figure: {equal} of {total} replays of {len(recorded)} recorded conversations tell the same {events} events")
    sys.exit(equal != total)


if __name__ == "__main__":
    main()
