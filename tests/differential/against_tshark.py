#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compares exwire with tshark's view of real captures, stream by stream and request by request.

Truth files (one JSON per capture, made by tshark) name the TCP streams with their payload octets and
the HTTP/1 requests with their answers. Every difference is printed; each must have its reason in
accepted.tsv (capture, kind, subject or *, reason). Reports the share of agreeing cases; accepted
differences count as differences in that share, unless their reason begins with "tshark:" (tshark is
wrong or blind there) or "later:" (named work of a later version, left out of the count).

Usage: against_tshark.py EXWIRE CAPTURES_DIRECTORY
"""
import collections
import ipaddress
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def endpoint(text):
    host, port = text.rsplit(":", 1)
    return str(ipaddress.ip_address(host.strip("[]"))), int(port)


def pair(a, b):
    return tuple(sorted((a, b)))


def run(exwire, capture):
    result = subprocess.run([exwire, "-q", "-r", str(capture)], capture_output=True, timeout=300)
    flows, http = collections.defaultdict(list), collections.defaultdict(list)
    for line in result.stdout.splitlines():
        event = json.loads(line)
        if event["event_type"] not in ("flow", "http"):
            continue
        client = (str(ipaddress.ip_address(event["src_ip"])), event["src_port"])
        server = (str(ipaddress.ip_address(event["dest_ip"])), event["dest_port"])
        if event["event_type"] == "flow":
            ints = event.get("metadata", {}).get("flowints", {})
            flows[pair(client, server)].append({
                "client": client, "start": event["flow"]["start"],
                "octets": {client: ints.get("exw.stream_octets_toserver", 0),
                           server: ints.get("exw.stream_octets_toclient", 0)},
                "gap": event.get("tcp", {}).get("ts_gap") or event.get("tcp", {}).get("tc_gap")})
        else:
            body = event["http"]
            http[pair(client, server)].append(
                (body.get("http_method"), body.get("url"), body.get("hostname"),
                 body.get("status")))
    for rows in flows.values():
        rows.sort(key=lambda row: row["start"])
    return flows, http, result.returncode


def strip_port(host):
    return host.lower().rsplit(":", 1)[0] if host and host.count(":") == 1 else (host or "").lower()


def comparable(method, uri, host, status):
    """HTTP facts in the form both tools agree on: absolute form and port are spelling."""
    if uri and "://" in uri.split("?")[0]:
        uri = "/" + uri.split("://", 1)[1].partition("/")[2]
    return (method, uri, strip_port(host), status)


def one_side(stream, side):
    """What tshark says of one direction: octets not repeated, and octets reassembled."""
    return stream[f"payload_{side}_no_retx"], stream.get("follow", {}).get(f"{side}_len")


def agrees(stream, side, position):
    """exwire counts positions in the stream, octets the capture missed included. tshark has two
    figures that differ from each other where segments overlap or are missing: either will do, and
    where tshark puts a marker for missing octets, the position lies at or behind its count."""
    once, reassembled = one_side(stream, side)
    if position == once or position == reassembled:
        return True
    lost = stream.get("follow", {}).get("gap_marker_inserted_by_tshark")
    return bool(lost) and position >= once


def compare(name, truth, flows, http):
    """Yields (kind, subject, detail or None when equal)."""
    streams = collections.defaultdict(list)
    by_number = {}
    for stream in truth["streams"]:
        key = pair(endpoint(stream["client"]), endpoint(stream["server"]))
        streams[key].append(stream)
        by_number[stream["stream"]] = key
    for key, expected in streams.items():
        seen = flows.get(key, [])
        subject = f"{key[0][0]}:{key[0][1]}-{key[1][0]}:{key[1][1]}"
        for index, stream in enumerate(expected):
            here = f"{subject}#{index}" if len(expected) > 1 else subject
            if index >= len(seen):
                yield "stream", here, "not seen"
                continue
            yield "stream", here, None
            client, server = endpoint(stream["client"]), endpoint(stream["server"])
            octets = seen[index]["octets"]
            wrong = [f"{side}: tshark {one_side(stream, side)}, exwire {octets.get(address, 0)}"
                     for side, address in (("client", client), ("server", server))
                     if not agrees(stream, side, octets.get(address, 0))]
            yield "octets", here, "; ".join(wrong) or None
        if len(seen) > len(expected):
            yield "stream", subject, f"{len(seen)} flows instead of {len(expected)}"
    wanted, found = collections.Counter(), collections.Counter()
    for request in truth["http"]:
        if request.get("decrypted") or not request.get("method"):
            continue
        key = by_number.get(request["stream"])
        wanted[(key,) + comparable(request["method"], request.get("uri"), request.get("host"),
                                   request.get("status"))] += 1
    for key, rows in http.items():
        for method, uri, host, status in rows:
            if method:
                found[(key,) + comparable(method, uri, host, status)] += 1
    for case in sorted(wanted | found, key=repr):
        text = " ".join(str(part) for part in case[1:])
        for _ in range(min(wanted[case], found[case])):
            yield "http", text, None
        for _ in range(wanted[case] - found[case]):
            yield "http", text, "only tshark"
        for _ in range(found[case] - wanted[case]):
            yield "http-extra", text, "only exwire"


def load_accepted():
    accepted = collections.defaultdict(list)
    for line in (HERE / "accepted.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            capture, kind, subject, reason = line.split("\t")
            accepted[capture, kind].append((subject, reason))
    return accepted


def main():
    exwire, captures = sys.argv[1], pathlib.Path(sys.argv[2])
    truths = sorted((captures / "truth").glob("*.json"))
    if not truths:
        print("SKIPPED: no captures with truth files here")
        return 77
    accepted, used = load_accepted(), set()
    equal, cases = collections.Counter(), collections.Counter()
    unexplained, left_out = [], collections.Counter()
    for path in truths:
        name = path.name.removesuffix(".json")
        flows, http, code = run(exwire, captures / name)
        if code not in (0, 3):
            unexplained.append(f"{name}: exit status {code}")
        for kind, subject, detail in compare(name, json.loads(path.read_text()), flows, http):
            if detail is None:
                equal[kind] += 1
                cases[kind] += 1
                continue
            reason = next((r for s, r in accepted[name, kind] if s in ("*", subject)), None)
            if reason is None:
                unexplained.append(f"{name}\t{kind}\t{subject}\t{detail}")
                cases[kind] += 1
                continue
            used.add((name, kind, next(s for s, r in accepted[name, kind] if s in ("*", subject))))
            if reason.startswith(("tshark:", "later:")):
                left_out[kind] += 1
            else:
                cases[kind] += 1
            print(f"accepted\t{name}\t{kind}\t{subject}\t{detail}\t{reason}")
    for line in unexplained:
        print("UNEXPLAINED\t" + line)
    stale = [(c, k, s) for (c, k), rows in accepted.items() for s, _ in rows
             if (c, k, s) not in used]
    for one in stale:
        print("STALE acceptance\t" + "\t".join(one))
    good = True
    for kind in sorted(cases):
        share = 100 * equal[kind] / cases[kind] if cases[kind] else 100
        good &= share >= 99.5 or kind == "http-extra"
        print(f"{kind}: {equal[kind]} of {cases[kind]} agree ({share:.2f} %), "
              f"{left_out[kind]} left out with a reason")
    return 0 if good and not unexplained and not stale else 1


if __name__ == "__main__":
    sys.exit(main())
