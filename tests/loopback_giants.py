#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Plain ActiveSync over loopback, where no checksum is ever filled in and frames are as large as the
kernel makes them (262,144 octets with BIG TCP): every request is told, and no wrong checksum. Then the
same packets as a span port would show them, between two hosts: now every wrong checksum counts.

Usage: loopback_giants.py EXWIRE [--octets N]   (default 48 MiB; the full form is 1 GiB)
Needs root (a network namespace of its own, tcpdump); otherwise counts as skipped.
"""
import argparse
import collections
import http.client
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

BODY = 2 << 20
PORT = 8080
SERVERS = ("127.0.0.1", "::1")


class ActiveSync(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        left = int(self.headers["Content-Length"])
        while left > 0:
            left -= len(self.rfile.read(min(left, 1 << 18)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, PORT), ActiveSync)


def record(capture, octets):
    """Sends requests in turn to both addresses; how many."""
    for server in SERVERS:
        threading.Thread(target=Server(server).serve_forever, daemon=True).start()
    # No filter: "tcp" does not look behind the jumbo header of IPv6 giants (RFC 2675).
    tcpdump = subprocess.Popen(["tcpdump", "-Z", "root", "-n", "-i", "lo", "-Q", "in", "-B", "262144",
                                "-s", "262144", "-w", capture], stderr=subprocess.PIPE, text=True)
    tcpdump.stderr.readline()
    time.sleep(0.5)
    body = os.urandom(BODY)
    sent = 0
    connections = [http.client.HTTPConnection(server, PORT) for server in SERVERS]
    while sent * BODY < octets:
        connection = connections[sent % len(connections)]
        connection.request("POST", f"/Microsoft-Server-ActiveSync?Cmd=Sync&User=u{sent}&DeviceId=d&"
                           "DeviceType=iPhone", body, {"Authorization": "Basic dTpw"})
        connection.getresponse().read()
        sent += 1
    for connection in connections:
        connection.close()
    time.sleep(1.5)
    tcpdump.send_signal(signal.SIGINT)
    report = tcpdump.communicate()[1]
    if "\n0 packets dropped by kernel" not in report:
        raise SystemExit(f"tcpdump lost packets: {report}")
    return sent


def frames(capture):
    with open(capture, "rb") as file:
        header = file.read(24)
        yield header, b""
        while record_header := file.read(16):
            yield record_header, file.read(struct.unpack("<8xI", record_header[:12])[0])


def as_span(source, target):
    """Between 192.0.2.1 and .2 instead of 127.0.0.1, with the placeholder that belongs to those; IPv4
    segments only. How many have a checksum that a card was to fill in."""
    def fold(value):
        while value >> 16:
            value = (value & 0xFFFF) + (value >> 16)
        return value

    placeholders = 0
    with open(target, "wb") as file:
        for header, frame in frames(source):
            if not frame:
                file.write(header)
                continue
            if frame[12:14] != b"\x08\x00":
                continue
            packet = bytearray(frame)
            to_server = struct.unpack(">H", packet[36:38])[0] == PORT
            source_address, target_address = b"\xc0\0\2\1", b"\xc0\0\2\2"
            if not to_server:
                source_address, target_address = target_address, source_address
            packet[26:34] = source_address + target_address
            packet[24:26] = b"\0\0"
            header_sum = fold(sum(struct.unpack(">10H", packet[14:34])))
            packet[24:26] = struct.pack(">H", header_sum ^ 0xFFFF)
            length = len(packet) - 34
            pseudo = sum(struct.unpack(">4H", packet[26:34])) + 6 + (length >> 16) + (length & 0xFFFF)
            packet[50:52] = struct.pack(">H", fold(pseudo))
            placeholders += 1
            file.write(header + packet)
    return placeholders


def replay(exwire, capture, *settings):
    command = [exwire, "-q", "-r", capture, "--set", "outputs.extended=yes", *settings]
    result = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if result.returncode != 0:
        raise SystemExit(f"exit status {result.returncode}\n{result.stderr}")
    return [json.loads(line) for line in result.stdout.splitlines()]


def measure(exwire, octets):
    problems = []

    def demand(what, got, wanted):
        print(f"{'ok    ' if got == wanted else 'FAILED'} {what}: {got} (wanted {wanted})")
        problems.extend([what] if got != wanted else [])

    with tempfile.TemporaryDirectory() as folder:
        capture, span = (str(pathlib.Path(folder) / name) for name in ("lo.pcap", "span.pcap"))
        sent = record(capture, octets)
        sizes = [len(frame) for _, frame in frames(capture) if frame]
        events = replay(exwire, capture, "--set", "decode.checksums=all")
        kinds = collections.Counter(event["event_type"] for event in events)
        stats = [event for event in events if event["event_type"] == "stats"][-1]
        demand("requests told", kinds["http"], sent)
        demand("all answered", sum(event.get("http", {}).get("status") == 200 for event in events), sent)
        demand("anomalies", kinds["anomaly"], 0)
        demand("wrong checksums", stats["stats"]["tcp"]["invalid_checksum"], 0)
        demand("packets without a finished checksum", stats["exchange"]["accepted_checksums"], len(sizes))
        demand("frames above 65,549 octets were seen", max(sizes) > 65549, True)
        placeholders = as_span(capture, span)
        events = replay(exwire, span, "--set", "decode.checksums=all")
        stats = [event for event in events if event["event_type"] == "stats"][-1]
        demand("wrong checksums on a span port", stats["stats"]["tcp"]["invalid_checksum"], placeholders)
        demand("and they are told", any(event["event_type"] == "anomaly" for event in events), True)
        print(f"figure: {sent} requests, {sum(sizes)} octets, largest frame {max(sizes)} octets")
    return 1 if problems else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("exwire")
    parser.add_argument("--octets", type=int, default=48 << 20)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        up = ["ip", "link", "set", "lo", "up", "gso_max_size", "262144", "gro_max_size", "262144"]
        if subprocess.run(up, capture_output=True).returncode != 0:
            print("this kernel has no BIG TCP")
            return 77
        try:
            socket.create_server(("::1", PORT), family=socket.AF_INET6).close()
        except OSError as error:
            print(f"no IPv6 here: {error}")
            return 77
        return measure(options.exwire, options.octets)
    if os.geteuid() != 0 or not all(map(shutil.which, ("tcpdump", "unshare", "ip"))):
        print("needs root, tcpdump and a network namespace")
        return 77
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode != 0:
        print("no network namespaces here")
        return 77
    return subprocess.run(["unshare", "--net", sys.executable, __file__, options.exwire, "--inside",
                           "--octets", str(options.octets)], timeout=1800).returncode


if __name__ == "__main__":
    sys.exit(main())
