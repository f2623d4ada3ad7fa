#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""HTTP where TLS is due, TLS where HTTP is due, and connections that change from one to the other: requests and handshakes
are told whatever the port and whatever was spoken before, and what nobody asked for is not taken for something else.

Usage: protocol_changes.py EXWIRE
"""
import random
import sys

from cut_handshakes import PLAIN, told
from metamorphic import Sender
from tls_talks import client_hello, record, server_flight

HELLO = client_hello(b"mail.exwire.example", b"http/1.1")
FLIGHT = server_flight([b"no certificate"], b"http/1.1")
SECRET = record(20, b"\1") + record(23, b"s" * 200)
TLS = [(True, HELLO), (False, FLIGHT), (True, SECRET), (False, SECRET)]
REQUEST, ANSWER = b"GET /owa/ HTTP/1.1\r\nHost: mail.exwire.example\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
HTTP = [(True, REQUEST), (False, ANSWER)]
CONNECT = [(True, b"CONNECT mail.exwire.example:443 HTTP/1.1\r\nHost: mail.exwire.example:443\r\n\r\n"),
           (False, b"HTTP/1.1 200 Connection established\r\n\r\n")]
UPGRADE = [(True, REQUEST[:-2] + b"Upgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n"),
           (False, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n")]
REFUSAL = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

# Name, port, turns, events in their order: requests by method, handshakes by the name asked for.
CASES = [
    ("TLS on its port", 443, TLS, ["mail.exwire.example"]),
    ("HTTP on the port of TLS", 443, HTTP, ["GET"]),
    ("TLS on the port of HTTP", 80, TLS, ["mail.exwire.example"]),
    ("TLS on a port of nobody", 20443, TLS, ["mail.exwire.example"]),
    ("HTTP on a port of nobody", 20080, HTTP, ["GET"]),
    ("TLS behind CONNECT", 8080, CONNECT + TLS, ["CONNECT", "mail.exwire.example"]),
    ("HTTP behind CONNECT", 8080, CONNECT + HTTP, ["CONNECT"]),
    ("TLS behind an upgrade", 80, UPGRADE + TLS, ["GET", "mail.exwire.example"]),
    ("TLS behind requests, which nobody asked for", 80, HTTP + HTTP + TLS, ["GET", "GET"]),
    ("a hello answered in HTTP", 443, [(True, HELLO), (False, REFUSAL)], ["mail.exwire.example"]),
    ("a request answered by an alert", 443, [(True, REQUEST), (False, record(21, b"\2\x46"))], ["GET"]),
    ("a handshake and then HTTP", 443, TLS + HTTP + HTTP, ["mail.exwire.example"]),
    ("STARTTLS of a mail server", 25, [(False, b"220 mail ESMTP\r\n"), (True, b"EHLO phone\r\n"), (False, b"250 STARTTLS\r\n"),
                                       (True, b"STARTTLS\r\n"), (False, b"220 go\r\n")] + TLS, ["mail.exwire.example"]),
]


def summary(events):
    for event in events:
        if event["event_type"] == "http":
            yield event["http"].get("http_method")
        elif event["event_type"] == "tls":
            yield event["tls"].get("sni")


def main():
    chance = random.Random(0)
    sent = [(Sender(number, {"turns": turns, "port": port.to_bytes(2, "big"), "server": bytes([198, 51, 100, 20])}, PLAIN,
                    chance), None) for number, (_, port, turns, _) in enumerate(CASES)]
    right = 0
    for (name, _, _, wanted), events in zip(CASES, told(sys.argv[1], sent)):
        got = list(summary(events))
        right += got == wanted
        if got != wanted:
            print(f"{name}: wanted {wanted}, got {got}")
    print(f"figure: changes between HTTP and TLS: {right} of {len(CASES)}")
    return right != len(CASES)


if __name__ == "__main__":
    sys.exit(main())
