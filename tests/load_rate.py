#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""How much of a rule set loads: counts of rules on HTTP and TLS that are taken, and why others are not.

Rules on protocols that are not looked into (dns, smb, udp, ...) and rules that are commented out are
left aside. Without files: what the folder $EXWIRE_RULES holds; counts as skipped when that is nothing.

Usage: load_rate.py EXWIRE [--least 98] [FILE...]
"""
import argparse
import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HEAD = re.compile(r"^(?:alert|drop|reject|pass)\s+(http1?|tls|ssl|tcp|tcp-pkt|tcp-stream|ip)\s")
WEB_PORTS = re.compile(r"(?<!\d)(?:443|80)(?!\d)|\$HTTP_PORTS")
REASON = re.compile(r"rule skipped: (.*)")


def of_web(line):
    """Rules on http and tls, and on tcp or ip to the ports of the web."""
    head = HEAD.match(line)
    if head is None:
        return False
    return head[1] not in ("tcp", "tcp-pkt", "tcp-stream", "ip") or WEB_PORTS.search(line.split("(")[0]) is not None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("exwire")
    parser.add_argument("--least", type=float, default=98.0)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()
    folder = os.environ.get("EXWIRE_RULES")
    files = arguments.files or (sorted(pathlib.Path(folder).rglob("*.rules")) if folder else [])
    if not files:
        print("no rule sets here")
        return 77
    lines = [line for file in files for line in file.read_text(errors="replace").replace("\\\n", "").splitlines()]
    wanted = [line.strip() for line in lines if of_web(line.strip())]
    with tempfile.NamedTemporaryFile("w", suffix=".rules") as rules:
        rules.write("\n".join(wanted) + "\n")
        rules.flush()
        done = subprocess.run([arguments.exwire, "-T", "-S", rules.name], stderr=subprocess.PIPE, text=True, check=True)
    reasons = collections.Counter(REASON.findall(done.stderr))
    loaded = len(wanted) - sum(reasons.values())
    rate = 100 * loaded / len(wanted) if wanted else 0
    print(f"figure: {loaded} of {len(wanted)} rules loaded, {rate:.1f} %")
    for reason, count in reasons.most_common(30):
        print(f"{count:6}  {reason}")
    return 0 if rate >= arguments.least else 1


sys.exit(main())
