# SPDX-License-Identifier: BSD-3-Clause
"""Captures of TCP conversations over raw IPv4, made packet by packet, for tests that need traffic of a
certain shape and size."""
import struct

FIN, SYN, PSH, ACK = 1, 2, 8, 16
SERVER = bytes([198, 51, 100, 20])


class Capture:
    """`file`: anything that takes octets. Checksums are left out: replay with decode.checksums=none."""

    def __init__(self, file, start=1700000000):
        self.file, self.seconds, self.micros = file, start, 0
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))

    def packet(self, source, target, ports, seq, ack, flags, payload=b""):
        self.micros += 100
        self.seconds, self.micros = self.seconds + self.micros // 10**6, self.micros % 10**6
        size = 40 + len(payload)
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, size, 0, 0, 64, 6, 0, source, target)
        tcp = struct.pack(">HHIIBBHHH", *ports, seq % 2**32, ack % 2**32, 0x50, flags, 65535, 0, 0)
        self.file.write(struct.pack("<IIII", self.seconds, self.micros, size, size) + ip + tcp + payload)


class Connection:
    def __init__(self, capture, number, port=80):
        self.capture, self.ports = capture, (20000 + number % 40000, port)
        self.client = bytes([10, 0, number // 250 % 250, number % 250 + 1])
        self.next = [1000, 5000]
        self._send(0, b"", SYN)
        self.next[0] += 1
        self._send(1, b"", SYN | ACK)
        self.next[1] += 1
        self._send(0, b"", ACK)

    def _send(self, side, payload, flags):
        ends = (self.client, SERVER) if side == 0 else (SERVER, self.client)
        ports = self.ports if side == 0 else self.ports[::-1]
        ack = self.next[1 - side] if flags & ACK else 0
        self.capture.packet(*ends, ports, self.next[side], ack, flags, payload)
        self.next[side] += len(payload)

    def ask(self, payload, cut=1400):
        for at in range(0, len(payload), cut):
            self._send(0, payload[at:at + cut], PSH | ACK)

    def answer(self, payload, cut=1400):
        for at in range(0, len(payload), cut):
            self._send(1, payload[at:at + cut], PSH | ACK)

    def close(self):
        self._send(0, b"", FIN | ACK)
        self.next[0] += 1
        self._send(1, b"", FIN | ACK)
        self.next[1] += 1
        self._send(0, b"", ACK)
