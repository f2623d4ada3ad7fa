#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""One scene of stall_table: the finding has the right stage, source and count, came in time, and nobody honest is
named anywhere.

Usage: stall_check.py LOGS NAME SERVER SOURCE STAGES COUNT
SOURCE - : forged, so nobody may be named. STAGES: one, or several with | between, whose counts are added.
On a busy machine hping3 sends fewer than it was asked for: what it says it has sent counts.
"""
import datetime
import json
import pathlib
import re
import sys

HONEST = {f"192.0.2.{host}" for host in range(101, 221)}


def main():
    logs, name, server, source, stages, count = sys.argv[1:]
    logs, count = pathlib.Path(logs), int(count)
    if sent := re.search(r"(\d+) packets tra", (logs / "output").read_text(errors="replace")):
        count = int(sent[1])
    began = float((logs / "began").read_text())
    problems, opened, total, seen = [], None, 0, []
    for event in map(json.loads, (logs / "eve.json").read_text().splitlines()):
        if event["event_type"] != "alert" or not 1443101 <= event["alert"]["signature_id"] <= 1443109:
            continue
        facts = event["alert"]["context"]["exchange"]
        named = {one.split(" ")[0] for one in facts["sources"].split(", ") if one}
        if named & HONEST:
            problems.append(f"honest clients named: {sorted(named & HONEST)}")
        if facts["server"] != server or facts["stage"] not in stages.split("|"):
            problems.append(f"{facts['stage']} of {facts['server']} told as well, {facts['sources']}")
        elif facts["state"] == "opened":
            opened = opened or event
        elif facts["state"] == "closed":
            total += facts["total"]
            seen.append(f"{facts['stage']}: {facts['total']}, {facts['sources'] or facts['origin']}")
            if facts["sources"].split(" ")[0] != source.replace("-", ""):
                problems.append(f"sources {facts['sources']!r}")
    if opened is None or not seen:
        problems.append("not told")
        print(f"{name:16} FAIL {'; '.join(problems)}")
        return 1
    when = datetime.datetime.strptime(opened["timestamp"], "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
    threshold = opened["alert"]["context"]["exchange"]["threshold_s"]
    after = when - began
    if abs(total - count) * 20 > count:
        problems.append("count")
    if after > threshold + 5:
        problems.append("late")
    print(f"figure: {name:16} {total} of {count} ({'; '.join(seen)}), after {after:.1f} s (threshold {threshold} s) "
          + (f"FAIL {'; '.join(problems)}" if problems else "ok"))
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
