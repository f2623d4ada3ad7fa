#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Captures that begin in the middle: attacks of tests/golden that were under way already are named with their sources
and counts, soon after the capture shows them; honest long polls are not, wherever their capture begins.

Usage: joined_midway.py EXWIRE
"""
import datetime
import gzip
import struct
import subprocess
import sys

from many_phones import HERE, PHONES, findings, phones

MICROS = 1000000
SHOWN = 8 + 30 + 5  # seconds: the first piece of those sent every 8 s, the threshold, and some patience


def packets(path):
    octets = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else subprocess.run(
        ["zstd", "-dc", path], check=True, capture_output=True).stdout
    at = 24
    while at < len(octets):
        seconds, micros, kept, _ = struct.unpack_from("<IIII", octets, at)
        yield seconds * MICROS + micros, octets[at + 16:at + 16 + kept]
        at += 16 + kept


def since(start, all_packets):
    return ((time, octets) for time, octets in all_packets if time >= start)


def attack(exwire, name, seconds, wanted):
    """`wanted`: stage and sources by server address; each opened within SHOWN seconds of the capture's new start."""
    path = next((HERE / "golden" / name).glob("*.pcap.*"))
    whole = list(packets(path))
    start = whole[0][0] + seconds * MICROS
    told, _ = findings(exwire, since(start, whole))
    seen, late = {}, 0
    for alert in told:
        facts = alert["context"]["exchange"]
        if facts["state"] == "opened":
            late = max(late, micros_of(facts["first_seen"]) - start)
        if facts["state"] == "closed":
            seen[facts["server"]] = (facts["stage"], facts["sources"], facts["total"])
    print(f"figure: {name} from its {seconds}th second: {seen}, opened within {late / MICROS:.0f} s")
    return seen != wanted or late > SHOWN * MICROS


def micros_of(text):
    return int(datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()) * MICROS


def main():
    exwire, failed = sys.argv[1], False
    pieces = "request in pieces"
    failed |= attack(exwire, "stalled-connections", 6, {"192.0.2.20": (pieces, "192.0.2.69 (60)", 60)})
    failed |= attack(exwire, "slow-clients", 6, {
        "192.0.2.21": (pieces, "192.0.2.66 (60)", 60), "192.0.2.22": (pieces, "192.0.2.67 (60)", 60),
        "192.0.2.24": ("response not consumed", "192.0.2.69 (60)", 60)})
    for addresses in (PHONES, 4):
        whole = sorted(phones(addresses))
        for seconds in (2, 30, 62, 300):
            told, _ = findings(exwire, since(whole[0][0] + seconds * MICROS, whole))
            print(f"figure: {PHONES} phones behind {addresses} addresses from the {seconds}th second: {len(told)} findings")
            failed |= bool(told)
    return failed


if __name__ == "__main__":
    sys.exit(main())
