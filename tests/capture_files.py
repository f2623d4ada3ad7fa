#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Capture files that are damaged, odd or no files at all: each is told by its name, packet and octet, what stands
before the damage (and behind it, where the format allows) is looked at, and the capture after it, too.

Usage: capture_files.py EXWIRE [CASE]
"""
import gzip
import json
import os
import pathlib
import resource
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import zlib

from floods import exchange

DONE, UNREADABLE = 0, 3
START = 2100000000  # seconds
PACKETS = 9         # of one exchange
EACH = 1000         # microseconds between two packets
MIB = 1 << 20
# Said once more with their number, after the first of them was told.
PASSED_OVER = "\nwarning: 1 packet records"
SECRET = b"CLIENT_RANDOM 5eC4e7-0f-n0-0ne"


def stamped(*numbers):
    """The packets of whole exchanges, each with its time in microseconds."""
    frames = [frame for number in numbers for frame in exchange(number)]
    return [(START * 1000000 + at * EACH, frame) for at, frame in enumerate(frames)]


class Pcap:
    """Classic pcap, written field by field so that each can lie."""

    def __init__(self, order="<", magic=0xa1b2c3d4, snaplen=262144, link=1, version=(2, 4)):
        self.order, self.modified, self.nanos = order, magic == 0xa1b2cd34, magic == 0xa1b23c4d
        self.octets = struct.pack(order + "IHHiIII", magic, *version, 0, 0, snaplen, link)

    def record(self, micros, frame, captured=None, on_wire=None, fraction=None):
        seconds, rest = divmod(micros, 1000000)
        rest = rest * 1000 if self.nanos else rest
        self.octets += struct.pack(self.order + "4I", seconds, rest if fraction is None else fraction,
                                   len(frame) if captured is None else captured,
                                   len(frame) if on_wire is None else on_wire)
        self.octets += (b"\0" * 8 if self.modified else b"") + frame
        return self

    def exchanges(self, *numbers, **lies):
        for micros, frame in stamped(*numbers):
            self.record(micros, frame, **lies)
        return self


class Pcapng:
    def __init__(self, interfaces=(1,), version=1, byte_order=0x1a2b3c4d):
        self.octets = b""
        self.block(0x0a0d0d0a, struct.pack("<IHHq", byte_order, version, 0, -1))
        for link in interfaces:
            self.interface(link)

    def block(self, kind, body, length=None, trailer=None):
        body += b"\0" * (-len(body) % 4)
        length = len(body) + 12 if length is None else length
        self.octets += struct.pack("<II", kind, length) + body + struct.pack("<I", length if trailer is None
                                                                            else trailer)
        return self

    def interface(self, link, options=b""):
        return self.block(1, struct.pack("<HHI", link, 0, 262144) + options)

    def packet(self, micros, frame, interface=0, captured=None, options=b""):
        padded = frame + b"\0" * (-len(frame) % 4)
        return self.block(6, struct.pack("<5I", interface, micros >> 32, micros & 0xffffffff,
                                         len(frame) if captured is None else captured, len(frame)) + padded + options)

    def exchanges(self, *numbers, interface=0, cut=0, scale=1):
        for micros, frame in stamped(*numbers):
            self.packet(micros * scale, frame[cut:], interface)
        return self


def zstandard(octets, window_log):
    """One frame of raw blocks: its window is announced, whatever it needs."""
    blocks = [octets[at:at + 65536] for at in range(0, len(octets), 65536)]
    frame = struct.pack("<IBB", 0xfd2fb528, 0, (window_log - 10) << 3)
    for number, block in enumerate(blocks):
        frame += struct.pack("<I", len(block) << 3 | (number == len(blocks) - 1))[:3] + block
    return frame


def fifo_of(path, octets):
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=[octets], daemon=True).start()


def folder_of(path):
    """A folder of two captures and of what must not be opened."""
    path.mkdir()
    (path / "b.pcap").write_bytes(GOOD.octets)
    (path / "-").write_bytes(Pcap().exchanges(2).octets)
    (path / "notes.txt").write_text("no capture\n")
    (path / "link.pcap").symlink_to("/etc/passwd")
    (path / "null").symlink_to("/dev/null")
    os.mkfifo(path / "fifo.pcap")
    (path / "deeper").mkdir()


GOOD = Pcap().exchanges(1)
NG = Pcapng().exchanges(1)
LATE = stamped(1, 2)[PACKETS:]  # the packets of exchange 2, at their place behind exchange 1


def after(file, change):
    """The exchange 1 is in `file`; then the change, then exchange 2."""
    change(file)
    for micros, frame in LATE:
        file.packet(micros, frame)
    return file.octets


def broken(octets, at, value=0xff):
    return octets[:at] + bytes([octets[at] ^ value]) + octets[at + 1:]


def classic_cases():
    """name: (octets, what is told behind the file's name, exchanges told, packets looked at)"""
    end = len(GOOD.octets)
    record = f"packet 10, octet {end}: "
    one, frame = LATE[0][0], LATE[0][1]
    absurd = record + "captured length of {} octets"
    cut = record + "the file ends within this record"
    yield "no octet at all", b"", "the file is empty", [], 0
    yield "one octet", b"\xd4", "too short to be a capture", [], 0
    yield "header cut at 20 octets", GOOD.octets[:20], "packet 1, octet 0: the file ends within this record", [], 0
    yield "header only", Pcap().octets, None, [], 0
    yield "last record's header cut", GOOD.octets + bytes(7), cut, [1], 9
    yield "last record's body cut", Pcap().exchanges(1).record(one, frame).octets[:-5], cut, [1], 9
    for length in (2**31, 2**32 - 1, 300000):
        yield (f"captured length {length}", Pcap().exchanges(1).record(one, frame, captured=length)
               .exchanges(2).octets, absurd.format(length), [1], 9)
    yield "captured more than on the wire", Pcap().exchanges(1, on_wire=50).octets, \
        "warning: 9 packets were longer in the capture than on the wire", [1], 9
    yield "captured length 0", Pcap().exchanges(1).record(one, b"", on_wire=60).exchanges(2).octets, \
        "warning: cut short by the snapshot length of the capture: 1 packets", [1, 2], 19
    for snaplen in (0, 20, 2**31 - 1):
        yield f"snaplen {snaplen}", Pcap(snaplen=snaplen).exchanges(1).octets, None, [1], 9
    yield "unknown link type", Pcap(link=9999).exchanges(1).octets, \
        "warning: 9 packets are of a link type that is not known", [], 9
    yield "version 9", Pcap(version=(9, 0)).exchanges(1).octets, "packet 1, octet 0: pcap version 9.0", [], 0
    yield "microseconds 2^32 - 1", Pcap().exchanges(1, fraction=2**32 - 1).octets, None, [1], 9
    yield "time goes back 2,000,000,000 s", Pcap().exchanges(1).record(one - 2 * 10**15, b"").exchanges(2).octets, \
        None, [1, 2], 19
    for name, order, magic in (("nanoseconds", "<", 0xa1b23c4d), ("big endian", ">", 0xa1b2c3d4),
                               ("big endian nanoseconds", ">", 0xa1b23c4d), ("modified", "<", 0xa1b2cd34)):
        yield name, Pcap(order, magic).exchanges(1).octets, None, [1], 9
    yield "text", b"no capture at all\n", "neither pcap nor pcapng", [], 0


def pcapng_cases():
    end = len(NG.octets)
    record = f"packet 10, octet {end}: "
    fresh = lambda: Pcapng().exchanges(1)
    passed = "; 1 record was passed over"
    for length in (0, 4, 13):
        yield (f"block length {length}", after(fresh(), lambda ng: ng.block(6, b"\0" * 24, length)),
               record + f"block length of {length} octets", [1], 9)
    yield "two lengths that differ", after(fresh(), lambda ng: ng.block(6, b"\0" * 24, 36, 40)), \
        record + "block whose two lengths differ", [1], 9
    for name, kind in (("secrets", 10), ("custom", 0xbad), ("unknown", 0x40000bad)):
        yield f"17 MiB of {name}", after(fresh(), lambda ng: ng.block(kind, SECRET + b"\0" * 17 * MIB)), None, \
            [1, 2], 18
    yield "a block of 17 MiB cut", fresh().block(10, b"\0" * 17 * MIB).octets[:-MIB], \
        f"packet 10, octet {end + 16 * MIB + 12}: the file ends within this record", [1], 9
    yield "packet before any interface", after(Pcapng(()).packet(START, b"early").interface(1).exchanges(1),
                                               lambda ng: None), \
        "packet 1, octet 28: packet of interface 0, which was never described" + passed, [1, 2], 18
    yield "packet of interface 7", after(fresh(), lambda ng: ng.packet(START, b"lost", 7)), \
        record + "packet of interface 7, which was never described" + passed, [1, 2], 18
    yield "packet longer than its block", after(fresh(), lambda ng: ng.packet(START, b"long", captured=4000)), \
        record + "captured length of 4000 octets" + passed, [1, 2], 18
    yield "option longer than its block", after(fresh(), lambda ng: ng.packet(LATE[0][0], b"", options=struct.pack(
        "<HH", 1, 60000))), None, [1, 2], 19
    yield "interface option longer than its block", Pcapng(()).interface(1, struct.pack("<HH", 2, 60000)) \
        .exchanges(1).octets, None, [1], 9
    yield "resolution 2^-127", Pcapng(()).interface(1, struct.pack("<HHBxxx", 9, 1, 0xff)).exchanges(1).octets, \
        None, [1], 9
    yield "100,000 interfaces", Pcapng([1] * 100000).exchanges(1, interface=99999).octets, None, [1], 9
    yield "second interface of another link type", after(fresh(), lambda ng: ng.interface(101).exchanges(
        3, interface=1, cut=14)), None, [1, 2, 3], 27
    yield "decryption secrets", after(fresh(), lambda ng: ng.block(10, struct.pack(
        "<II", 0x544c534b, len(SECRET)) + SECRET)), None, [1, 2], 18
    yield "section without a byte order", fresh().octets + Pcapng(byte_order=0x01020304).octets, \
        record + "section without a byte order", [1], 9
    yield "section of version 2", fresh().octets + Pcapng(version=2).octets, record + "pcapng version 2", [1], 9
    yield "block cut", fresh().packet(START, b"cut here").octets[:-6], \
        record + "the file ends within this record", [1], 9


def compressed_cases():
    packed, both = gzip.compress(GOOD.octets), Pcap().exchanges(1, 2).octets
    end = len(GOOD.octets)
    ends = f"packet 10, octet {end}: compressed data "
    yield "gzip", packed, None, [1], 9
    yield "gzip of two members", packed + gzip.compress(both[end:]), None, [1, 2], 18
    yield "gzip with 100,000 empty members", packed + gzip.compress(b"") * 100000 + gzip.compress(both[end:]), None, \
        [1, 2], 18
    yield "gzip cut", packed[:-4], ends + "ends too early", [1], 9
    yield "gzip with a wrong checksum", broken(packed, -6), ends + "is damaged: incorrect data check", [1], 9
    yield "gzip with something else behind", packed + b"something else", \
        ends + "is damaged: incorrect header check", [1], 9
    yield "gzip bomb", bomb(), None, [1], 9
    yield "zstd", zstandard(GOOD.octets, 20), None, [1], 9
    yield "zstd cut", zstandard(GOOD.octets, 20) + zstandard(both[end:], 20)[:-5], \
        f"packet 18, octet {len(both) - 70}: compressed data ends too early", [1, 2], 17
    yield "zstd that wants a window of 128 MiB", zstandard(GOOD.octets, 27), \
        "packet 1, octet 0: compressed data is damaged: Frame requires too much memory for decoding", [], 0


def bomb():
    """A thousand octets out of each: one block of 256 MiB behind the packets."""
    pack = zlib.compressobj(6, zlib.DEFLATED, 31)
    length = struct.pack("<I", 256 * MIB + 12)
    octets = [pack.compress(NG.octets + struct.pack("<I", 10) + length)]
    octets += [pack.compress(bytes(MIB)) for _ in range(256)]
    return b"".join(octets) + pack.compress(length) + pack.flush()


def special_cases(folder):
    """name: (path, what makes it, told, exchanges, packets)"""
    yield "missing", lambda path: None, "No such file or directory", [], 0
    yield "character device", lambda path: path.symlink_to("/dev/null"), "the file is empty", [], 0
    yield "symbolic link to a capture", lambda path: path.symlink_to(folder / "good"), None, [9], 9
    yield "link to itself", lambda path: path.symlink_to(path), "Too many levels of symbolic links", [], 0
    yield "pipe", lambda path: fifo_of(path, GOOD.octets), None, [1], 9
    yield "pipe that ends early", lambda path: fifo_of(path, GOOD.octets[:-3]), \
        f"packet 9, octet {len(GOOD.octets) - 70}: the file ends within this record", [1], 8
    yield "socket", make_socket, "No such device or address", [], 0
    yield "empty folder", lambda path: path.mkdir(), None, [], 0
    yield "folder of all sorts", folder_of, None, [1, 2], 18


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def most_memory():
    """MiB, of any replay so far."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


class Check:
    def __init__(self, exwire, folder):
        self.exwire, self.folder, self.count, self.bad = exwire, folder, 0, 0

    def of(self, name, path, told, exchanges, packets):
        """Replays the file and a good one behind it."""
        good = self.folder / "good"
        run = subprocess.run([self.exwire, "-r", str(path), "-r", str(good)], capture_output=True, text=True,
                             timeout=120)
        events = [json.loads(line) for line in run.stdout.splitlines()]
        requests = sorted(int(event["http"]["url"].partition("n=")[2]) for event in events
                          if event["event_type"] == "http" and event["http"].get("status") == 302)
        seen = events[-1]["stats"]["decoder"]["pkts"] if events else -1
        said = run.stderr.replace("exwire: ", "").replace(f"{path}: ", "").removesuffix("no findings\n")
        failed = bool(told) and not told.startswith("warning: ")
        wanted = (UNREADABLE if failed else DONE, f"error: {told}" if failed else told or "", sorted({*exchanges, 9}),
                  packets + PACKETS)
        got = (run.returncode, said.partition(PASSED_OVER)[0].strip(), sorted(set(requests)), seen)
        ok = got == wanted and SECRET.decode() not in run.stdout + run.stderr
        self.count += 1
        self.bad += not ok
        print(f"{'ok    ' if ok else 'FAILED'} {name}: exit status {got[0]}, requests {got[2]}, {seen} packets, "
              f"{got[1] or 'nothing to tell'}")
        if not ok:
            print(f"       wanted {wanted}\n       got    {got}"[:1500])


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check = Check(sys.argv[1], folder)
        (folder / "good").write_bytes(Pcap().exchanges(9).octets)
        only = sys.argv[2] if len(sys.argv) > 2 else ""
        path = folder / "capture"
        for case, octets, *wanted in (*classic_cases(), *pcapng_cases(), *compressed_cases()):
            path.write_bytes(octets)
            before = most_memory()
            if only in case:
                check.of(case, path, *wanted)
            if case == "gzip bomb" and not only and most_memory() - before > 32:
                sys.exit(f"FAILED {case}: {most_memory() - before:.0f} MiB more than the replays before it")
        for number, (case, make, *wanted) in enumerate(special_cases(folder)):
            path = folder / f"special{number}"
            if only in case:
                make(path)
                check.of(case, path, *wanted)
    print(f"figure: {check.count - check.bad} of {check.count} damaged or odd captures are told and survived")
    return 1 if check.bad else 0


if __name__ == "__main__":
    sys.exit(main())
