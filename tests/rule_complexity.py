#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Matching is linear in what is matched: traffic chosen against rules that depend on repetition, in
sizes N, 2N and 4N. Four times the traffic may take at most five times as long.

Usage: rule_complexity.py EXWIRE [--messages 150]
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
from tcp_capture import Capture, Connection  # noqa: E402

LIMIT = 5.0
HEAD = 'alert {} any any -> any any (msg:"m"; flow:to_server; {} sid:{};)\n'
CHAIN = "".join('content:"a"; distance:0; ' for _ in range(12))


def request(target="/", fields=b"", body=b"", method="POST"):
    return (f"{method} {target} HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n".encode() + fields +
            b"\r\n" + body)


# Name, rule, and one message; messages of one octet a segment are marked.
CASES = [
    ("dependent contents in a URI", "http", f'http.uri; {CHAIN} content:"b"; distance:0;',
     request("/" + "a" * 2000), 1400),
    ("dependent contents in a body", "http", f'http.request_body; {CHAIN} content:"b"; distance:0;',
     request(body=b"a" * 16000), 1400),
    ("near misses without case", "http", 'http.request_body; content:"' + "A" * 60 + 'b"; nocase;',
     request(body=b"a" * 16000), 1400),
    ("expression with nested repetition", "http", 'http.uri; pcre:"/(a+)+b/";', request("/" + "a" * 2000), 1400),
    ("expression tried at all places", "http", 'http.uri; pcre:"/a/"; pcre:"/^a{0,40}b/R";', request("/" + "a" * 2000), 1400),
    ("expression on every header", "http", 'http.header; pcre:"/^X-(.*),(.*),(.*)=$/mi";',
     request(fields=b"X-A: a,a,a,a,a,a,a,a\r\n" * 90), 1400),
    ("folded headers", "http", 'http.header; content:"a a"; content:"b"; distance:0;',
     request(fields=b"X-A: a\r\n" + b" a\r\n" * 400), 1400),
    ("one octet a segment", "tcp", f'{CHAIN} content:"b"; distance:0;', b"a" * 600, 1),
    ("one octet a segment, without literal", "tcp", 'pcre:"/a.*b/s";', b"a" * 600, 1),
    ("jumps", "tcp", 'content:"a"; byte_jump:1,0,relative; content:"b"; within:1;', b"a" * 4000, 1400),
    ("base64", "tcp", 'content:"a"; base64_decode:relative; base64_data; content:"b|00|";', b"a" * 4000, 1400),
]


def seconds(exwire, rules, capture, folder):
    usage = os.times()
    done = subprocess.run([exwire, "-q", "-r", capture, "-S", rules, "-l", folder,
                           "--set", "decode.checksums=none"], check=False)
    now = os.times()
    if done.returncode != 0:
        sys.exit(f"exit status {done.returncode}")
    return now.children_user + now.children_system - usage.children_user - usage.children_system


def measure(exwire, folder, case, messages):
    name, protocol, options, message, cut = case
    rules = folder / "case.rules"
    rules.write_text("".join(HEAD.format(protocol, options, sid) for sid in range(1, 21)))
    times = []
    for factor in (1, 2, 4):
        capture = folder / "case.pcap"
        with capture.open("wb") as file:
            out = Capture(file)
            for number in range(messages * factor):
                one = Connection(out, number)
                one.ask(message, cut)
                one.close()
        times.append(min(seconds(exwire, rules, capture, folder) for _ in range(2)))
    ratio = times[2] / times[0]
    print(f"figure: {name}: {times[0]:.2f} {times[1]:.2f} {times[2]:.2f} s, ratio {ratio:.2f}; "
          f"{1000 * times[2] / (4 * messages):.2f} ms a message")
    return ratio <= LIMIT and times[2] / (4 * messages) <= 0.05


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("exwire")
    parser.add_argument("--messages", type=int, default=150)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        good = [measure(arguments.exwire, pathlib.Path(folder), case, arguments.messages) for case in CASES]
    print(f"{sum(good)} of {len(good)} generators within {LIMIT} times and 50 ms a message")
    return 0 if all(good) else 1


sys.exit(main())
