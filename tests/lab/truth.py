#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints with tshark what is in captures: truth.py CAPTURE...

One line per connection, then one per HTTP request with its answer, in the order of the requests. A key log next to
the capture (same name, .keylog) opens TLS. It is a second opinion made without exwire; passwords are never printed,
only the user's name.
"""
import base64
import collections
import pathlib
import subprocess
import sys
import urllib.parse

FIELDS = ["frame.time_relative", "tcp.stream", "http.request.method", "http.request.uri", "http.response.code",
          "http.authorization", "http.x_forwarded_for"]


def tshark(capture, *arguments):
    command = ["tshark", "-n", "-r", str(capture), "-d", "tcp.port==81,http", "-d", "tcp.port==20000,http"]
    if capture.with_suffix(".keylog").exists():
        command += ["-o", f"tls.keylog_file:{capture.with_suffix('.keylog')}"]
    done = subprocess.run([*command, *arguments], check=True, capture_output=True, text=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def fields(capture, condition, names):
    arguments = ["-Y", condition, "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=\x1f"]
    for name in names:
        arguments += ["-e", name]
    return [dict(zip(names, row)) for row in tshark(capture, *arguments)]


def who(authorization):
    if not authorization:
        return "-"
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "basic":
        return "Basic " + base64.b64decode(value).decode().partition(":")[0]
    return scheme


def show(capture):
    print(f"== {capture.name}")
    talk = collections.defaultdict(list)
    for row in fields(capture, "http.request or http.response", FIELDS):
        parts = {name: value.split("\x1f") for name, value in row.items()}
        talk[int(row["tcp.stream"].split("\x1f")[0])].append(parts)
    hellos = {row["tcp.stream"]: row for row in fields(
        capture, "tls.handshake.type == 2", ["tcp.stream", "tls.handshake.extensions.supported_version",
                                             "tls.handshake.version", "tls.handshake.ciphersuite"])}
    first = {}
    for packet in fields(capture, "tcp", ["tcp.stream", "ip.src", "tcp.srcport", "ip.dst", "tcp.dstport", "tcp.flags.syn"]):
        first.setdefault(packet["tcp.stream"], packet)
    for syn in first.values():
        stream = int(syn["tcp.stream"])
        line = f"{stream} {syn['ip.src']}:{syn['tcp.srcport']} > {syn['ip.dst']}:{syn['tcp.dstport']}"
        if syn["tcp.flags.syn"] not in ("1", "True"):
            line += " already open"
        hello = hellos.get(syn["tcp.stream"])
        if hello:
            version = hello["tls.handshake.extensions.supported_version"] or hello["tls.handshake.version"]
            line += f" TLS {version} cipher {hello['tls.handshake.ciphersuite']}"
        print(line)
        requests, answers = [], []
        for part in talk[stream]:  # pipelined messages share a frame and its fields are lists
            for index, method in enumerate(filter(None, part["http.request.method"])):
                def at(name):
                    values = part[name]
                    return values[index] if len(values) > index else values[0]
                requests.append((float(part["frame.time_relative"][0]), method, at("http.request.uri"),
                                 at("http.authorization"), at("http.x_forwarded_for")))
            answers += [(float(part["frame.time_relative"][0]), code) for code in part["http.response.code"] if code]
        for index, (time, method, uri, authorization, forwarded) in enumerate(requests):
            after, code = answers[index] if index < len(answers) else (time, "-")
            extra = f" forwarded-for {forwarded}" if forwarded else ""
            print(f"  {method} {uri} -> {code} after {after - time:.3f} s, {who(authorization)}{extra}")


for name in sys.argv[1:]:
    show(pathlib.Path(name))
