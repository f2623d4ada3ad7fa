#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What exwire says of TLS handshakes against what tshark said: tls_against_tshark.py EXWIRE CAPTURES

Of each stream with a hello in its truth file, every value that tshark gives is looked for in the tls
event of the same connection. Differences with a reason stand in tls_accepted.tsv. Prints a figure per
value; passes when all values agree in at least 99.5 % of the handshakes and no difference is without
a reason.
"""
import collections
import json
import pathlib
import re
import subprocess
import sys

VERSIONS = {"TLSv1": "TLS1.0", "TLS 1.1": "TLS1.1", "TLS 1.2": "TLS1.2",
            "TLS 1.3": "TLS1.3"}


def endpoints(event):
    return frozenset({(event["src_ip"], event["src_port"]), (event["dest_ip"], event["dest_port"])})


def address(text):
    host, port = text.rsplit(":", 1)
    host = host.strip("[]")
    if ":" in host:
        import ipaddress
        host = ipaddress.ip_address(host).exploded
    return host, int(port)


def exploded(event):
    import ipaddress
    return {**event, **{k: ipaddress.ip_address(event[k]).exploded if ":" in event[k] else event[k]
                        for k in ("src_ip", "dest_ip")}}


def run(exwire, capture):
    out = subprocess.run([exwire, "-q", "-r", str(capture)], capture_output=True, check=False)
    events = collections.defaultdict(list)
    for line in out.stdout.splitlines():
        event = json.loads(line)
        if event["event_type"] == "tls":
            events[endpoints(exploded(event))].append(event["tls"])
    return events


def name_parts(text):
    """A distinguished name as a set: tshark's and Suricata's orders are opposite."""
    text = re.sub(r"\\(.)", r"\1", text)
    return frozenset(p.strip() for p in re.split(r",\s*(?=[A-Za-z0-9.]+=)", text))


def expected(entry):
    """(value, what tshark says) for everything it says."""
    if entry["client_hellos"]:
        yield "sni", entry["sni"] or None
        yield "ja3", entry["ja3"]
        yield "alpn_offered", entry["alpn_offered"] or None
    if entry["server_hellos"] and not all(h["hello_retry_request"] for h in entry["server_hellos"]):
        yield "version", entry["version"]
        yield "cipher", int(entry["cipher"], 16) if entry["cipher"] else None
        yield "ja3s", entry["ja3s"]
        yield "alpn_selected", (entry["alpn_selected"] or [None])[0]
    if entry["server_certs"]:
        first = entry["server_certs"][0]
        if "sha1" in first:
            yield "fingerprint", first["sha1"]
        for key in ("subject", "issuer", "notBefore", "notAfter", "serial"):
            if first.get(key):
                yield key, first[key]


def seen(tls, key):
    if key == "ja3":
        return tls.get("ja3", {}).get("hash")
    if key == "ja3s":
        return tls.get("ja3s", {}).get("hash")
    if key == "alpn_offered":
        return tls.get("client_alpns")
    if key == "alpn_selected":
        return (tls.get("server_alpns") or [None])[0]
    if key == "version":
        return VERSIONS.get(tls.get("version"), tls.get("version"))
    if key == "cipher":
        return tls.get("server_handshake", {}).get("cipher")
    if key == "fingerprint":
        return tls.get("fingerprint", "").replace(":", "")
    if key == "serial":
        return tls.get("serial", "").replace(":", "")
    if key in ("notBefore", "notAfter"):
        return tls.get(key.lower())
    if key == "issuer":
        return tls.get("issuerdn")
    return tls.get(key)


def date(text):
    import datetime
    try:
        return datetime.datetime.strptime(text, "%b %d %H:%M:%S %Y GMT").strftime("%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return text


def equal(key, wanted, got):
    if key in ("subject", "issuer"):
        return got is not None and name_parts(wanted) == name_parts(got)
    if key in ("notBefore", "notAfter"):
        return date(wanted) == got
    if key == "serial":
        return got is not None and wanted.lower().lstrip("0") == got.lower().lstrip("0")
    if key == "version" and wanted and wanted.startswith("TLS1.3-"):
        return got == "TLS 1.3 draft-" + wanted.removeprefix("TLS1.3-").removeprefix("draft")
    return wanted == got


def main():
    exwire, captures = sys.argv[1], pathlib.Path(sys.argv[2])
    if not (captures / "truth").is_dir():
        print(f"no captures in {captures}")
        return 77
    accepted = collections.defaultdict(str)
    for line in (pathlib.Path(__file__).parent / "tls_accepted.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            name, key, reason = line.split("\t")
            accepted[name, key] = reason
    handshakes = equal_handshakes = 0
    agree, cases, left_out, used, unexplained = (collections.Counter() for _ in range(5))
    for path in sorted((captures / "truth").glob("*.json")):
        truth = json.loads(path.read_text())
        name = path.name.removesuffix(".json")
        if not truth.get("tls"):
            continue
        events = run(exwire, captures / name)
        streams = {s["stream"]: s for s in truth["streams"]}
        for entry in truth["tls"]:
            stream = streams.get(entry["stream"])
            if stream is None or not (entry["client_hellos"] or entry["server_hellos"]):
                continue
            key = frozenset({address(stream["client"]), address(stream["server"])})
            told = events.get(key, [])
            differs = False
            for what, wanted in expected(entry):
                got = [seen(tls, what) for tls in told]
                if any(equal(what, wanted, one) for one in got):
                    agree[what] += 1
                    cases[what] += 1
                    continue
                reason = accepted[name, what] or accepted[name, "*"]
                if reason.startswith("tshark:"):
                    left_out[what] += 1
                else:
                    cases[what] += 1
                    differs = True
                if reason:
                    used[name, what if accepted[name, what] else "*"] += 1
                    continue
                unexplained[f"{name}\t{stream['client']}-{stream['server']}\t{what}\t{wanted}\t{got}"] += 1
            handshakes += 1
            equal_handshakes += not differs
    for line in unexplained:
        print("UNEXPLAINED\t" + line)
    stale = [k for k, r in accepted.items() if r and k not in used]
    for one in stale:
        print("STALE acceptance\t" + "\t".join(one))
    for what in sorted(cases):
        share = 100 * agree[what] / cases[what]
        print(f"figure: {what}: {agree[what]} of {cases[what]} agree ({share:.2f} %), "
              f"{left_out[what]} left out with a reason")
    share = 100 * equal_handshakes / handshakes if handshakes else 0
    print(f"figure: {equal_handshakes} of {handshakes} handshakes agree in all values ({share:.2f} %)")
    good = share >= 99.5
    return 0 if good and not unexplained and not stale else 1


if __name__ == "__main__":
    sys.exit(main())
