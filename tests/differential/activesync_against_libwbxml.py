#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compares what exwire reads in ActiveSync bodies with libwbxml2 and with tshark.

tshark finds the bodies of all captures in clear, and renders each; wbxml2xml (libwbxml2) turns the same
octets into XML. Where the two oracles read the same document, exwire's http event must carry what it
says: heartbeat, folders, status, statuses and keys of provisioning. Every difference is printed and fails.

Usage: activesync_against_libwbxml.py EXWIRE DIRECTORY... Exit: 77 when tools or captures are missing.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree

RENDERED = re.compile(r"\| +<([A-Za-z]+) ?/?>$")


def tshark(capture, shown, *words):
    command = ["tshark", "-n", "-r", str(capture), "-d", "tcp.port==20000,http", "-Y", shown, *words]
    return subprocess.run(command, capture_output=True, timeout=300).stdout.decode(errors="replace")


def bodies(capture):
    """(frame of the answer, is request, octets) of every body."""
    answers = {}  # the next answer of the same stream, by frame
    lines = tshark(capture, "http", "-T", "fields", "-e", "frame.number", "-e", "tcp.stream", "-e", "http.response.code")
    waiting = {}
    for frame, stream, code in (line.split("\t") for line in lines.splitlines()):
        if code:
            answers |= dict.fromkeys(waiting.pop(stream, []), int(frame))
        else:
            waiting.setdefault(stream, []).append(int(frame))
    for packet in json.loads(tshark(capture, "wbxml", "-T", "json", "-x") or "[]"):
        layers = packet["_source"]["layers"]
        http, raw = layers.get("http"), layers.get("wbxml_raw")
        if not isinstance(http, dict) or not raw or not isinstance(raw[0], str):
            continue
        request = not any(name.startswith("HTTP/1.") for name in http)
        frame = int(layers["frame"]["frame.number"])
        yield answers.get(frame) if request else frame, request, bytes.fromhex(raw[0])


def renderings(capture):
    """The documents as tshark shows them: the names of their elements, in lower case."""
    documents = []
    for line in tshark(capture, "wbxml", "-O", "wbxml").splitlines():
        if line.startswith("WAP Binary XML"):
            documents.append([])
        elif documents and (found := RENDERED.search(line)):
            documents[-1].append(found.group(1).lower())
    return documents


def decode(octets):
    """The document as libwbxml2 reads it; None when it cannot."""
    result = subprocess.run(["wbxml2xml", "-l", "ACTIVESYNC", "-o", "-", "-"], input=octets, capture_output=True,
                            timeout=60)
    try:
        return xml.etree.ElementTree.fromstring(result.stdout)
    except xml.etree.ElementTree.ParseError:
        return None


def bare(element):
    return element.tag.rsplit("}", 1)[-1]


def number(text):
    return int(text) if text and text.strip().isdigit() else None


def first(root, *paths):
    for element, path in walk(root, ()):
        if path in paths and number(element.text) is not None:
            return number(element.text)
    return None


def walk(element, above):
    path = (*above, bare(element))
    yield element, path
    for child in element:
        yield from walk(child, path)


def expected(root, request):
    says = {}
    paths = [path for _, path in walk(root, ())]
    if request:
        minutes = first(root, ("Sync", "Wait"))
        says["heartbeat_s"] = minutes * 60 if minutes else first(
            root, ("Ping", "HeartbeatInterval"), ("Sync", "HeartbeatInterval"))
        folders = paths.count(("Ping", "Folders", "Folder")) + paths.count(("Sync", "Collections", "Collection"))
        says["folders"] = folders or None
        says["client_policy_status"] = first(root, ("Provision", "Policies", "Policy", "Status"))
    else:
        name = bare(root)
        says["status"] = first(root, (name, "Status"), (name, "Collections", "Collection", "Status"),
                               (name, "Response", "Status"))
        key = first(root, ("Provision", "Policies", "Policy", "PolicyKey"))
        says["new_policy_key"] = key or None  # 0 is none
    return says


def read_by_exwire(exwire, capture):
    """flowints of the http events by packet number of the answer."""
    result = subprocess.run([exwire, "-q", "-r", str(capture)], capture_output=True, timeout=300)
    events = (json.loads(line) for line in result.stdout.splitlines())
    return {event["pcap_cnt"]: event["metadata"]["flowints"] for event in events
            if event["event_type"] == "http" and "pcap_cnt" in event}


def main():
    exwire, folders = sys.argv[1], [pathlib.Path(name) for name in sys.argv[2:]]
    if not shutil.which("tshark") or not shutil.which("wbxml2xml"):
        print("tshark or wbxml2xml is missing")
        return 77
    captures = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())
                if path.suffix in (".pcap", ".pcapng") and b"vnd.ms-sync" in path.read_bytes()]
    documents = compared = differences = unreadable = 0
    for capture in captures:
        got = read_by_exwire(exwire, capture)
        shown = renderings(capture)
        found = list(bodies(capture))
        if len(shown) != len(found):
            sys.exit(f"{capture.name}: {len(found)} bodies, {len(shown)} renderings")
        for (frame, request, octets), rendering in zip(found, shown):
            root = decode(octets)
            if root is None:
                unreadable += 1
                continue
            documents += 1
            if rendering != [bare(element).lower() for element, _ in walk(root, ())]:
                print(f"{capture.name} {frame}: the oracles differ")
                differences += 1
            compared += frame is not None
            for name, value in expected(root, request).items() if frame else ():
                said = got.get(frame, {}).get("exw." + name)
                if said != value:
                    print(f"{capture.name} {frame} {name}: exwire {said}, libwbxml2 {value}")
                    differences += 1
    print(f"figure: {documents} ActiveSync bodies of {len(captures)} captures, {compared} compared, {unreadable} unreadable, "
          f"{differences} differences")
    if not documents:
        return 77
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
