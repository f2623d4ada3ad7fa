#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Hostile strings in what clients and servers send: every line stays strict JSON, and says what was sent.

5,000 requests and 5,000 handshakes with octets that mean something to JSON, CEF, syslog, terminals or UTF-8 decoders:
in host, URL, user agent and device id; in the server name, in ALPN of both sides and in the names of certificates
(subject, issuer, alternative name). What is valid UTF-8 comes back as it was; any other octet as \\xNN, and a backslash
that would read so as \\x5c.

Usage: hostile_strings.py EXWIRE
"""
import itertools
import json
import random
import re
import subprocess
import sys
import tempfile
import urllib.parse

from check_eve import problems
from conversations import ANSWER, client_of, write
from tls_talks import IA5, PRINTABLE, UTF8, certificate, client_hello, server_flight

COUNT = 5000
MOST_NAME = 200  # five of them fit a line, whatever their octets become
MOST_DEVICE = 32  # MS-ASHTTP: octets of a device id
PARTS = [
    b'"', b"\\", b"\\u0000", b'"}\n{"event_type":"alert"'.replace(b"\n", b""), b"{}", b"[", b"\x1b[2J", b"\x1b]0;title\x07",
    b"\x9b31m", b"\x08\x08", b"\r", b"\t", b"\x7f", b"\x00", b"|", b"CEF:0|x|y|", b"=", b"\\n", b"<13>1 - - -", b"%n%s%x",
    b"\xe2\x80\xa8", b"\xe2\x80\xa9", b"\xc2\x85", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xed\xa0\x80",
    b"\xed\xa0\xbd\xed\xb8\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xfe\xff", b"\xff\xfe", b"\x80", b"\xbf",
    b"\xe2\x82", b"\xf0\x9f\x98\x80", b"\xef\xbb\xbf", b"\xef\xbf\xbf", b"</script>", b"' OR 1=1 --", b"${jndi:ldap://x}", b"$(id)",
]


def strings():
    chance = random.Random(31)
    for octet in range(256):
        yield bytes([octet])
    for part in PARTS:
        yield part
        yield part * 40
    while True:
        yield b"".join(chance.choice(PARTS) if chance.random() < 0.7 else chance.randbytes(chance.randrange(1, 9))
                       for _ in range(chance.randrange(1, 9)))


def shown(octets):
    """Valid UTF-8 as it is, other octets and backslashes that could be taken for their escape by number."""
    text = ""
    while octets:
        if re.match(rb"\\x[0-9a-fA-F]{2}", octets):
            text += "\\x5c"
            octets = octets[1:]
            continue
        for size in (1, 2, 3, 4):
            try:
                text += octets[:size].decode("utf-8")
                break
            except UnicodeDecodeError:
                continue
        else:
            size = 1
            text += f"\\x{octets[0]:02x}"
        octets = octets[size:]
    return text


def request(text):
    """(request, what must come out); no line end within: that would be another line."""
    text = text.replace(b"\n", b"\x0b")
    word = text.translate(None, b"\x00\t\r\x0b\x0c #")  # what would end a URL, or its line
    device = word.translate(None, b"%&+=;?/\\")[:MOST_DEVICE - 2]
    target = b"/Microsoft-Server-ActiveSync?Cmd=Sync&User=u&DeviceType=t&DeviceId=" + urllib.parse.quote(b"a" + device + b"z").encode()
    octets = b"".join((b"POST ", target, b" HTTP/1.1\r\nHost: a", word.replace(b"@", b""), b"z\r\nUser-Agent: a", text, b"z\r\n"
                       b"Content-Type: a", text, b"z\r\nContent-Length: 0\r\n\r\n"))
    return octets, {
        "hostname": shown(b"a" + word.replace(b"@", b"") + b"z"),
        "http_user_agent": shown(b"a" + text + b"z"),
        "device": shown(b"a" + device + b"z"),
    }


def told_of_request(event):
    return {"hostname": event["http"].get("hostname"), "http_user_agent": event["http"].get("http_user_agent"),
            "device": event.get("metadata", {}).get("flowints", {}).get("exw.device_id")}


def handshake(number, text):
    """(hello, flight of the server, what must come out)."""
    text = text[:MOST_NAME]
    kind = (UTF8, PRINTABLE, IA5)[number % 3]
    shown_by_server = certificate((UTF8, text), (kind, b"i" + text), text)
    name = shown(text)
    return client_hello(text, b"h2", text), server_flight([shown_by_server], text), {
        "sni": name, "subject": shown(b"CN=" + text), "issuerdn": shown(b"CN=i" + text), "subjectaltname": [name],
        "client_alpns": ["h2", name], "server_alpns": [name]}


def told_of_handshake(event):
    return {key: event["tls"].get(key) for key in
            ("sni", "subject", "issuerdn", "subjectaltname", "client_alpns", "server_alpns")}


def check(exwire, what, sent, port, told_of):
    """`sent`: (octets of the client, of the server, what must be told by an event `what`)."""
    with tempfile.NamedTemporaryFile(suffix=".pcap") as capture:
        write(capture.name, [one[:2] for one in sent], port)
        run = subprocess.run([exwire, "-r", capture.name], capture_output=True, check=True)
    if b"\x1b" in run.stderr or any(octet < 0x20 and octet != 0x0a for octet in run.stderr):
        sys.exit("control octets on the terminal")
    bad, told = 0, {}
    for line in run.stdout.splitlines(keepends=True):
        for problem in problems(line, None, []):
            bad += 1
            print(problem, line[:200])
        event = json.loads(line)
        if event["event_type"] == what:
            told[event["src_ip"]] = told_of(event)
    right = 0
    for number, (_, _, wanted) in enumerate(sent):
        got = told.get(".".join(map(str, client_of(number)[0])))
        if got == wanted:
            right += 1
        elif number - right < 10:
            print(number, "wanted", ascii(wanted), "got", ascii(got))
    print(f"figure: hostile strings, {what}: {right} of {len(sent)}, {bad} bad lines")
    return right == len(sent) and bad == 0


def main():
    chosen = list(itertools.islice(strings(), COUNT))
    requests = [(octets, ANSWER, wanted) for octets, wanted in map(request, chosen)]
    handshakes = [handshake(number, text) for number, text in enumerate(chosen)]
    right = check(sys.argv[1], "http", requests, 80, told_of_request)
    right &= check(sys.argv[1], "tls", handshakes, 443, told_of_handshake)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
