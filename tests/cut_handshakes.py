#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Recorded handshakes, cut at every octet: what is told is what the whole handshake tells, or less.

Each handshake is sent again up to its first octet, its second and so on. Once the connection ends there; once the rest
of that turn is lost and the conversation goes on; once so many octets of every packet are captured. A value that is
told must be that of the whole handshake; nothing may be found or be odd that is not there as well, but for the loss
itself. Where the ClientHello is there in full, so is its fingerprint.

Usage: cut_handshakes.py EXWIRE [--step 1] CAPTURE...   (classic pcap, Ethernet)
"""
import argparse
import json
import random
import struct
import subprocess
import sys
import tempfile

from metamorphic import Sender, conversations

HEADERS = 54  # octets in front of a segment's
PLAIN = dict.fromkeys(("cut", "repeat", "disorder", "numbers", "vlan", "ipv6"), False)
LOSS = {"stream.reassembly_seq_gap", "tls_record_alignment_lost"}
# How far a handshake went, and how long it took, is the front's own.
OWN = {"exw.complete", "exw.incomplete", "exw.cut_hello", "exw.one_sided", "exw.handshake_ms"}


class Lossy(Sender):
    """What follows `kept` octets is lost up to the end of their turn."""

    def __init__(self, kept, *arguments):
        super().__init__(*arguments)
        self.left = kept

    def turn(self, side, octets):
        front = octets[:self.left] if self.left is not None else octets
        segments = super().turn(side, front)
        if self.left is not None:
            self.left = self.left - len(front) if len(front) == len(octets) else None
        self.next[side] += len(octets) - len(front)
        return segments


def ended(conversation, kept):
    turns = []
    for from_client, octets in conversation["turns"]:
        turns.append((from_client, octets[:kept]))
        kept -= len(turns[-1][1])
        if kept == 0:
            break
    return conversation | {"turns": turns}


def handshake_of(conversation):
    """The turns up to the first record of data; None when there is no handshake of TLS."""
    turns, size = conversation["turns"], 0
    if not turns[0][0] or turns[0][1][:2] != b"\x16\x03":
        return None
    for _, octets in turns:
        at = 0
        while at + 5 <= len(octets):
            if octets[at] == 23:
                return size + at
            at += 5 + int.from_bytes(octets[at + 3:at + 5], "big")
        size += len(octets)
    return size


def senders(conversation, way, sizes):
    """The whole conversation first, then its fronts: who sends it, and how much of each packet is captured."""
    chance = random.Random(0)
    yield Sender(0, conversation, PLAIN, chance), None
    for number, size in enumerate(sizes, 1):
        if way == "lost":
            yield Lossy(size, number, conversation, PLAIN, chance), None
        elif way == "ended":
            yield Sender(number, ended(conversation, size), PLAIN, chance), None
        else:
            yield Sender(number, conversation, PLAIN, chance), HEADERS + size


def told(exwire, sent):
    """The events about each of the senders, in their order."""
    with tempfile.NamedTemporaryFile(suffix=".pcap") as capture:
        capture.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        places = {}
        for number, (sender, length) in enumerate(sent):
            places[".".join(map(str, sender.ends[0][0]))] = number
            for index, frame in enumerate(sender.frames()):
                captured = frame[:length]
                capture.write(struct.pack("<IIII", 1800000000 + number, 1000 * index, len(captured), len(frame)) + captured)
        capture.flush()
        done = subprocess.run([exwire, "-q", "-r", capture.name], capture_output=True, check=True, timeout=900)
    result = [[] for _ in places]
    for line in done.stdout.splitlines():
        event = json.loads(line)
        client = event.get("src_ip") if event.get("src_ip") in places else event.get("dest_ip")
        if client in places:
            result[places[client]].append(event)
    return result


def leaves(value, path=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}/{key}")
    else:
        yield path, json.dumps(value)


def values_of(event):
    facts = event["metadata"]["flowints"]
    return set(leaves(event["tls"])) | set(leaves({key: value for key, value in facts.items() if key not in OWN}))


def surplus(events, whole):
    """What a front tells and the whole does not."""
    anomalies = {event["anomaly"]["event"] for event in whole if event["event_type"] == "anomaly"} | LOSS
    findings = {event["alert"]["signature_id"] for event in whole if event["event_type"] == "alert"}
    values = set().union(*(values_of(event) for event in whole if event["event_type"] == "tls"))
    for event in events:
        kind = event["event_type"]
        if kind == "tls":
            yield from sorted(values_of(event) - values - {("/version", '"UNDETERMINED"')})
        elif kind == "anomaly" and event["anomaly"]["event"] not in anomalies:
            yield event["anomaly"]["event"]
        elif kind == "alert" and event["alert"]["signature_id"] not in findings:
            yield event["alert"]["signature"]


def has_print(events):
    return any("ja4" in event["tls"] for event in events if event["event_type"] == "tls")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("exwire")
    parser.add_argument("captures", nargs="+")
    parser.add_argument("--step", type=int, default=1)
    options = parser.parse_args()
    chosen = {}
    for path in options.captures:
        for one in conversations(path):
            size = handshake_of(one)
            if size:  # one of each shape
                chosen.setdefault((path, size, len(one["turns"][0][1])), one)
    fronts = right = marked = 0
    for (path, size, hello), one in chosen.items():
        for way in ("ended", "lost", "captured"):
            sizes = range(1, size, options.step)
            whole, *parts = told(options.exwire, list(senders(one, way, sizes)))
            if not has_print(whole):
                sys.exit(f"FAIL: {path}: the whole handshake has no fingerprint")
            for cut, events in zip(sizes, parts):
                wrong = list(surplus(events, whole))
                if cut >= hello and not has_print(events):
                    wrong.append("no fingerprint")
                fronts += 1
                right += not wrong
                marked += has_print(events)
                if wrong and fronts - right <= 10:
                    print(f"{path}: {way} after {cut} of {size} octets: {wrong}")
    print(f"figure: {right} of {fronts} fronts of {len(chosen)} recorded handshakes tell what the whole tells, or less; "
          f"{marked} have a fingerprint")
    return right != fronts or not chosen


if __name__ == "__main__":
    sys.exit(main())
