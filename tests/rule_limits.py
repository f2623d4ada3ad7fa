#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Rule files that mean harm, and more matching rules than anybody can read.

Files of random and malicious lines are refused line by line or loaded, each within 60 s and 2 GiB; many
thousand rules that match one message tell fifteen alerts, and the others are counted.

Usage: rule_limits.py EXWIRE [--files 200] [--rules 20000]   (full form: 1000 and 100000)
"""
import argparse
import json
import pathlib
import random
import resource
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
from tcp_capture import Capture, Connection  # noqa: E402

SECONDS, OCTETS, MOST_ALERTS = 60, 2 << 30, 15
RULE = 'alert http any any -> any any (msg:"m"; flow:to_server; {} sid:{};)'


def bounded():
    resource.setrlimit(resource.RLIMIT_AS, (OCTETS, OCTETS))


def line(chance):
    """One line: a rule whose options were mangled, or something that is none."""
    words = ['content:"a";', 'content:"|41|";', 'pcre:"/(a*)*$/";', "nocase;", "distance:0;", "depth:99999999999;",
             'content:"' + "x" * chance.randrange(1, 4000) + '";', "http.uri;", "base64_decode;", "base64_data;",
             "byte_jump:1,0,relative;", "byte_extract:1,0,n;", "flowbits:set,x;", "isdataat:!1;", "bsize:<0;",
             "threshold:type limit, track by_src, count 0, seconds 1;", 'pcre:"/' + "(" * chance.randrange(1, 600) + '/";',
             'pcre:"/(?:a{1,1000}){1,1000}/";', "metadata:" + "a," * chance.randrange(1, 2000) + ";", "requires:keyword x;",
             "reference:url,../../etc/passwd;", "\0;", "\\;", '"', "(", ")", "tls.sni;", 'dotprefix; content:"";', "file.data;"]
    options = " ".join(chance.choice(words) for _ in range(chance.randrange(1, 12)))
    text = RULE.format(options, chance.randrange(1, 2**33))
    if chance.random() < 0.3:
        at = chance.randrange(len(text))
        text = text[:at] + chr(chance.randrange(256)) + text[at + chance.randrange(3):]
    return text


FIXED = [
    "a" * (10 << 20),
    RULE.format('content:"' + "a" * (10 << 20) + '";', 1),
    RULE.format('content:"a"; ' * 200000, 1),
    "alert tcp " + "[" * 100000 + " any -> any any (msg:\"m\"; sid:1;)",
    "alert tcp [" + "10.0.0.1," * 200000 + "10.0.0.2] any -> any any (msg:\"m\"; content:\"a\"; sid:1;)",
    "\n".join(RULE.format(f'http.uri; content:"{number}";', 7) for number in range(20000)),
    "\\\n" * 1000000,
    "\0" * 1000000,
]


def try_file(exwire, path):
    done = subprocess.run([exwire, "-T", "-S", path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=SECONDS,
                          preexec_fn=bounded, check=False)
    return done.returncode in (0, 1) and b"loaded" in done.stderr


def flood(exwire, folder, rules):
    path, capture = folder / "many.rules", folder / "one.pcap"
    path.write_text("".join(RULE.format('http.uri; content:"/flood";', sid) + "\n" for sid in range(1, rules + 1)))
    with capture.open("wb") as file:
        one = Connection(Capture(file), 1)
        one.ask(b"GET /flood HTTP/1.1\r\nHost: h\r\n\r\n")
        one.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        one.close()
    done = subprocess.run([exwire, "-q", "-r", capture, "-S", path, "--set", "decode.checksums=none"],
                          stdout=subprocess.PIPE, text=True, check=True)
    events = [json.loads(text) for text in done.stdout.splitlines()]
    alerts = sum(event["event_type"] == "alert" for event in events)
    beyond = [event["stats"]["detect"]["alert_queue_overflow"] for event in events if event["event_type"] == "stats"][-1]
    print(f"figure: {rules} rules match one request: {alerts} alerts, {beyond} counted beyond")
    return alerts == MOST_ALERTS and alerts + beyond == rules


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("exwire")
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--rules", type=int, default=20000)
    arguments = parser.parse_args()
    chance = random.Random(25)
    good, tried = 0, 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for number in range(arguments.files):
            text = FIXED[number] if number < len(FIXED) else "\n".join(line(chance) for _ in range(chance.randrange(1, 40)))
            path = folder / "hostile.rules"
            path.write_bytes(text.encode("latin-1", "replace"))
            tried += 1
            good += try_file(arguments.exwire, path)
        print(f"figure: {good} of {tried} hostile rule files loaded or refused within {SECONDS} s and 2 GiB")
        return 0 if flood(arguments.exwire, folder, arguments.rules) and good == tried else 1


sys.exit(main())
