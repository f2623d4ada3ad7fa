#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Ten thousand honest phones, made of the recorded ones in tests/golden/honest-long-polls: nothing
of them is stalled, wherever they come from. Beside them the attackers of
tests/golden/stalled-connections are found, and nobody else is named.

Everybody comes within one minute, as after a restart of the server that refused each phone first;
every wait for an answer lasts 15 minutes. Once each phone has an address of its own, once all stand
behind forty addresses and each 33rd loses its network before its first answer, and once behind four.
Then the phones of tests/golden/honest-hour, a thousand of them, with all they do within an hour.
Usage: many_phones.py EXWIRE
"""
import gzip
import heapq
import itertools
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PHONES = 10000
HOUR_OF = 1000  # phones
STRETCH = 20  # 44 s become 15 minutes
STALLED = range(1443101, 1443110)


def frames(name):
    octets = gzip.decompress((HERE / "golden" / name / f"{name}.pcap.gz").read_bytes())
    at = 24
    while at < len(octets):
        seconds, micros, kept, length = struct.unpack_from("<IIII", octets, at)
        yield seconds * 1000000 + micros, octets[at + 16:at + 16 + kept], length
        at += 16 + kept


def connections(all_frames):
    """Frames by client (address and port), the client being the one outside the server's ports."""
    found = {}
    for time, frame, length in all_frames:
        from_server = struct.unpack_from(">H", frame, 34)[0] in (80, 443)
        client = frame[30:34] + frame[36:38] if from_server else frame[26:30] + frame[34:36]
        found.setdefault(client, []).append((time, frame, from_server))
    return list(found.values())


def cloned(connection, start, address, port, stretch=STRETCH):
    """The connection from another client, at another time, with longer waits."""
    now, before = start, connection[0][0]
    for time, frame, from_server in connection:
        gap = time - before
        now += gap * stretch if gap > 2000000 else gap
        before = time
        frame = bytearray(frame)
        where, door = (30, 36) if from_server else (26, 34)
        frame[where:where + 4] = address
        struct.pack_into(">H", frame, door, port)
        yield now, bytes(frame)


def refused(connection, start, address, port):
    """The first packet alone, and the RST of a server that is not there yet."""
    (_, syn), *_ = cloned(connection, start, address, port)
    answer = bytearray(syn)
    answer[26:30], answer[30:34] = syn[30:34], syn[26:30]
    answer[34:36], answer[36:38] = syn[36:38], syn[34:36]
    struct.pack_into(">II", answer, 38, 0, struct.unpack_from(">I", syn, 38)[0] + 1 & 0xffffffff)
    answer[47] = 0x14  # RST, ACK
    return [(start, syn), (start + 100, bytes(answer))]


def phones(addresses, lost=0):
    """With `lost`, each phone of that number breaks off after its third to eighth packet."""
    honest = connections(frames("honest-long-polls"))
    origin = 1800000000 * 1000000
    for number in range(PHONES):
        connection = honest[number % len(honest)]
        start = origin + number * 60000000 // PHONES
        address = bytes([10, 1 + number % addresses // 65536, number % addresses // 256 % 256,
                         number % addresses % 256])
        port = 1024 + number // addresses * 2
        yield from refused(connection, start, address, port)
        packets = cloned(connection, start + 1000000, address, port + 1)
        broken = lost and number % lost == 0
        yield from itertools.islice(packets, 3 + number // lost % 6 if broken else None)


def early_answers(packets, micros):
    """As two taps show them whose clocks differ; late ones with less than 0."""
    return sorted((time - micros if int.from_bytes(frame[34:36], "big") in (80, 443) else time, frame)
                  for time, frame in packets)


def hour_of_phones(count, addresses):
    """Each recorded phone many times over, with all its connections and their true times; all come within a minute."""
    recorded = {}
    for connection in connections(frames("honest-hour")):
        _, first, _ = connection[0]
        recorded.setdefault(first[26:30], []).append(connection)
    began = min(one[0][0] for phone in recorded.values() for one in phone)
    phone_of = list(recorded.values())
    most = max(map(len, phone_of))
    for number in range(count):
        address = bytes([10, 2, number % addresses // 256, number % addresses % 256])
        for index, connection in enumerate(phone_of[number % len(phone_of)]):
            start = 1800000000 * 1000000 + number * 60000000 // count + connection[0][0] - began
            port = 1024 + number // addresses * most + index
            yield from cloned(connection, start, address, port, 1)


def findings(exwire, packets):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "phones.pcap"
        with path.open("wb") as file:
            file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for time, frame in packets:
                file.write(struct.pack("<IIII", time // 1000000, time % 1000000, len(frame),
                                       len(frame)) + frame)
        told = subprocess.run([exwire, "-q", "-r", path, "--set", "decode.checksums=none"],
                              check=True, capture_output=True, text=True).stdout
    alerts = [event["alert"] for event in map(json.loads, told.splitlines())
              if event["event_type"] == "alert"]
    requests = sum('"event_type":"http"' in line for line in told.splitlines())
    return [alert for alert in alerts if alert["signature_id"] in STALLED], requests


def main():
    failed = False
    for addresses, lost in ((PHONES, 0), (40, 33), (4, 0)):
        packets = sorted(phones(addresses, lost))
        told, requests = findings(sys.argv[1], packets)
        print(f"figure: {PHONES} phones behind {addresses} addresses, {len(packets)} packets, "
              f"{requests} requests in clear: {len(told)} findings")
        failed |= bool(told) or requests < PHONES // 2 * 0.95
    for micros in (200, -200):
        told, _ = findings(sys.argv[1], early_answers(phones(4), micros))
        print(f"figure: the same, the servers' side {micros} us early: {len(told)} findings")
        failed |= bool(told)
    for addresses in (HOUR_OF, 4):
        packets = sorted(hour_of_phones(HOUR_OF, addresses))
        told, requests = findings(sys.argv[1], packets)
        minutes = (packets[-1][0] - packets[0][0]) // 60000000
        print(f"figure: {HOUR_OF} phones behind {addresses} addresses for {minutes} minutes, {len(packets)} packets, "
              f"{requests} requests in clear: {len(told)} findings")
        failed |= bool(told) or requests < HOUR_OF or minutes < 60
    attack = [(time, frame) for time, frame, _ in frames("stalled-connections")]
    begin = attack[0][0]
    moved = ((time - begin + 1800000300 * 1000000, frame) for time, frame in attack)
    told, _ = findings(sys.argv[1], heapq.merge(sorted(phones(4, 33)), moved))
    seen = {}
    for alert in told:
        facts = alert["context"]["exchange"]
        if facts["state"] == "closed":
            seen[facts["stage"]] = facts["sources"]
    wanted = {"half-open": "198.51.100.66 (120)", "no octets": "192.0.2.66 (60)",
              "handshake unfinished": "192.0.2.67 (60)",
              "no request after handshake": "192.0.2.68 (60)",
              "request head unfinished": "192.0.2.69 (60)"}
    if seen != wanted:
        print(f"seen {seen}, wanted {wanted}")
        failed = True
    return failed


if __name__ == "__main__":
    sys.exit(main())
