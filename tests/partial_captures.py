#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Captures that hold only part of what was sent: filtered to SYNs, to SYNs and SYN-ACKs, or of one direction.
Ten thousand honest phones seen through them raise nothing of high severity. A real flood is told whether its server
answers all, some or none of it, as long as the capture shows anybody's handshake completed.

Usage: partial_captures.py EXWIRE
"""
import random
import sys

from floods import ACK, SERVER, SYN, exchange, frame
from many_phones import PHONES, findings, phones

HALF_OPEN = 1443101
FILTERS = {
    "all": lambda flags, from_server: True,
    "tcp[13]==2": lambda flags, from_server: flags == 2,
    "tcp[13]&2!=0": lambda flags, from_server: flags & 2,
    "tcp[13]&7!=0": lambda flags, from_server: flags & 7,
    "to the server": lambda flags, from_server: not from_server,
    "from the server": lambda flags, from_server: from_server,
}


def through(name, packets):
    keep = FILTERS[name]
    return [(time, octets) for time, octets in packets
            if keep(octets[47], int.from_bytes(octets[34:36], "big") in (80, 443))]


def flood(answered, honest):
    """5,000 forged SYNs within ten seconds, some of them answered, and honest requests beside them."""
    chance = random.Random(11)
    origin = 1800000000 * 1000000
    for number in range(5000):
        source, port, seq = chance.getrandbits(32).to_bytes(4, "big"), chance.randrange(1024, 65536), number * 77
        time = origin + number * 2000
        yield time, frame(source, SERVER, port, 443, seq, 0, SYN)
        if chance.random() < answered:
            yield time + 50, frame(SERVER, source, 443, port, number, seq + 1, SYN | ACK)
    for number in range(honest):
        for index, octets in enumerate(exchange(number)):
            yield origin + number * 100000 + index * 1000, octets


def main():
    failed = False
    for addresses in (PHONES, 4):
        whole = sorted(phones(addresses))
        for name in FILTERS:
            packets = through(name, whole)
            told, _ = findings(sys.argv[1], packets)
            high = [alert for alert in told if alert["severity"] < 3]
            print(f"figure: {PHONES} phones behind {addresses} addresses, {name}: {len(packets)} packets, "
                  f"{len(told)} findings, {len(high)} of high severity")
            failed |= bool(high) or (name == "all" and bool(told))
    # Backscatter of forged addresses: answers to SYNs that nobody here has sent.
    told, _ = findings(sys.argv[1], through("from the server", sorted(flood(1, 0))))
    print(f"figure: backscatter, 5000 answers without SYN: {len(told)} findings")
    failed |= bool(told)
    for answered in (0, 0.5, 1):
        for honest in (20, 0):
            for name in ("all", "tcp[13]==2"):
                told, _ = findings(sys.argv[1], through(name, sorted(flood(answered, honest))))
                states = [(alert["signature_id"], alert["severity"]) for alert in told]
                expected = (HALF_OPEN, 2 if name == "all" and honest else 3)
                print(f"figure: flood, {answered:.0%} answered, {honest} honest, {name}: {sorted(set(states))}")
                failed |= set(states) != {expected}
    return failed


if __name__ == "__main__":
    sys.exit(main())
