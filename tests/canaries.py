#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Secrets in 500 requests, in every place clients and servers put them: none may reach any output.

Each request carries a secret of its own in one place. At every log level, with every privacy mode, with loaded
signatures, on stdout, stderr and in the output folder, no secret is found: not as it is, not percent-encoded, not as
base64 at any of its three offsets, not as hexadecimal digits, not in UTF-16.

Usage: canaries.py EXWIRE RULES
"""
import base64
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import urllib.parse

from conversations import ANSWER, write

COUNT = 500
PASSWORD_PAGE = b"\x03\x01\x6a\x00\x00\x12\x45\x54\x48\x55\x03%s\x00\x01\x01\x01\x01"  # Settings, DevicePassword, Set, Password
WBXML = b"Content-Type: application/vnd.ms-sync.wbxml\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


COMMON = b"nary-S3cret!"  # of all secrets, so that one search finds any


def secret_of(number):
    return b"Ca%03d" % number + COMMON


def ntlm(secret):
    """Type 3 whose responses are the secret: what a listener would take to crack."""
    user, host = "alice".encode("utf-16-le"), "PC".encode("utf-16-le")
    texts, at, ends = b"", 64, b""
    for field in (secret, secret, host, user, host, b""):
        ends += struct.pack("<HHI", len(field), len(field), at)
        texts, at = texts + field, at + len(field)
    return b"NTLM " + base64.b64encode(b"NTLMSSP\0" + struct.pack("<I", 3) + ends + struct.pack("<I", 0xa2888205) + texts)


def quoted(secret):
    return urllib.parse.quote(secret, safe="").encode()


def request(head=b"", target=b"/owa/", body=b"", method=b"GET", answer=ANSWER):
    method = b"POST" if body else method
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    return method + b" " + target + b" HTTP/1.1\r\nHost: mail.exwire.example\r\n" + head + length + b"\r\n" + body, answer


def answered(head):
    return ANSWER.replace(b"200 OK", b"302 Found").replace(b"\r\n\r\n", b"\r\n" + head + b"\r\n")


PLACES = {
    "Basic": lambda s: request(b"Authorization: Basic " + base64.b64encode(b"alice:" + s) + b"\r\n"),
    "Basic, folded": lambda s: request(b"Authorization: Basic\r\n " + base64.b64encode(b"alice:" + s) + b"\r\n"),
    "Basic without a user": lambda s: request(b"Authorization: Basic " + base64.b64encode(s) + b"\r\n"),
    "Basic, not encoded": lambda s: request(b"Authorization: Basic alice:" + s + b"\r\n"),
    "Bearer": lambda s: request(b"Authorization: Bearer " + s + b"\r\n"),
    "NTLM": lambda s: request(b"Authorization: " + ntlm(s) + b"\r\n"),
    "Negotiate": lambda s: request(b"Authorization: Negotiate " + base64.b64encode(b"\x60\x30" + s * 2) + b"\r\n"),
    "Digest": lambda s: request(b'Authorization: Digest username="alice", response="' + s + b'"\r\n'),
    "scheme alone": lambda s: request(b"Authorization: " + s + b"\r\n"),
    "proxy": lambda s: request(b"Proxy-Authorization: Basic " + base64.b64encode(b"alice:" + s) + b"\r\n"),
    "cookie": lambda s: request(b"Cookie: cadata=" + s + b"; UserContext=" + s + b"\r\n"),
    "cookie set": lambda s: request(answer=answered(b"Set-Cookie: cadata=" + s + b"; HttpOnly\r\n")),
    "form": lambda s: request(FORM, b"/owa/auth.owa", b"username=alice&password=" + quoted(s)),
    "old form": lambda s: request(FORM, b"/exchweb/bin/auth/owaauth.dll", b"username=alice&password=" + s),
    "query": lambda s: request(target=b"/owa/?user=alice&password=" + quoted(s)),
    "query, other words": lambda s: request(target=b"/owa/?pwd=" + s + b"&access_token=" + s + b"&code=" + s),
    "credentials in the URL": lambda s: request(target=b"http://alice:" + quoted(s) + b"@mail.exwire.example/owa/"),
    "referer": lambda s: request(b"Referer: https://alice:" + s + b"@mail.exwire.example/?password=" + s + b"\r\n"),
    "location": lambda s: request(answer=answered(b"Location: https://alice:" + s + b"@mail/?password=" + s + b"\r\n")),
    "challenge": lambda s: request(answer=ANSWER.replace(b"200 OK", b"401 Unauthorized").replace(
        b"\r\n\r\n", b"\r\nWWW-Authenticate: NTLM " + base64.b64encode(b"NTLMSSP\0\2\0\0\0" + s * 3) + b"\r\n\r\n")),
    "device password": lambda s: request(WBXML, b"/Microsoft-Server-ActiveSync?Cmd=Settings&User=alice&DeviceId=D1&DeviceType=t",
                                         PASSWORD_PAGE % s),
    "SOAP": lambda s: request(b"Content-Type: text/xml\r\n", b"/EWS/Exchange.asmx", b"<t:Password>" + s + b"</t:Password>"),
    "head that never ends": lambda s: (b"GET /owa/ HTTP/1.1\r\nAuthorization: Bearer " + s, b""),
}


def forms(secret):
    """What must be found nowhere."""
    yield secret
    yield quoted(secret)
    yield secret.hex().encode()
    yield secret.decode().encode("utf-16-le")
    for offset in range(3):  # the middle of the base64 of anything that holds the secret
        whole = base64.b64encode(b"\0" * offset + secret)
        yield whole[4 if offset else 0:len(whole) - 4]


def outputs(exwire, rules, capture, words):
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([exwire, "-r", capture, "-S", rules, *words], capture_output=True, check=True)
        kept = subprocess.run([exwire, "-r", capture, "-S", rules, "-l", folder, *words], capture_output=True, check=True)
        files = [path.read_bytes() for path in pathlib.Path(folder).rglob("*") if path.is_file()]
        return run, b"\n".join([run.stdout, run.stderr, kept.stdout, kept.stderr, *files])


def main():
    exwire, rules = sys.argv[1:3]
    names = list(PLACES)
    sent = [PLACES[names[number % len(names)]](secret_of(number)) for number in range(COUNT)]
    leaks, told = {}, 0
    with tempfile.NamedTemporaryFile(suffix=".pcap") as capture:
        write(capture.name, sent)
        for words in ([], ["-v"], ["-vv"], ["-vvv"], ["-q"], ["-vvv", "--set", "outputs.extended=yes"],
                      ["--set", "privacy.users=hmac", "--set", "privacy.devices=off"]):
            run, all_output = outputs(exwire, rules, capture.name, words)
            kinds = [json.loads(line)["event_type"] for line in run.stdout.splitlines()]
            told = kinds.count("http")
            if not any(form in all_output for form in forms(COMMON)):
                continue
            for number in range(COUNT):
                if any(form in all_output for form in forms(secret_of(number))):
                    leaks.setdefault(names[number % len(names)], []).append(number)
    for place, numbers in leaks.items():
        print(f"leak: {place}: {len(numbers)} times")
    print(f"figure: canaries: {COUNT} secrets in {len(names)} places, {sum(map(len, leaks.values()))} leaks, {told} requests told")
    return 0 if not leaks and told >= COUNT else 1


if __name__ == "__main__":
    sys.exit(main())
