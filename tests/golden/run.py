#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Golden tests: a folder each with case.conf and expected.jsonl.

case.conf, `key = value` lines:
  pcap     capture in pcaps/ (or below the folder itself)
  set      a configuration key, may be repeated
  load     names of dissectors loaded from the folder of --modules
  sids     FIRST-LAST: of alerts only these are compared
  rules    a file of signatures below the folder, given with -S
  kinds    event types compared, e.g. "alert, http"; of these every event must be expected
  compare  dotted keys compared; a key an event lacks is left out
  forbid   text that must not occur in any output, at -vvv; may be repeated
expected.jsonl holds one object per event, in any order. `--update` rewrites it: read the diff.

Every case is run twice and must give the same lines after sorting.
`--workers N`: several workers must tell what one tells, but for the memory their tables hold, which
depends on who got which connection.
`--only-modules`: the built-in dissectors are replaced by modules of the same names.
Usage: run.py EXWIRE [--update] [--modules DIRECTORY] [--only-modules] [--workers N] [CASE ...]
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def read_conf(path):
    conf = {"set": [], "forbid": []}
    for line in path.read_text().splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        key, value = (part.strip() for part in line.split("=", 1))
        if key in ("set", "forbid"):
            conf[key].append(value)
        else:
            conf[key] = value
    for key in ("kinds", "compare"):
        conf[key] = [word.strip() for word in conf[key].split(",")]
    return conf


def pick(event, keys):
    picked = {}
    for key in keys:
        value, rest = event, key
        while rest and isinstance(value, dict):
            if rest in value:  # a name may hold dots itself, as exw.command does
                value, rest = value[rest], ""
            else:
                part, _, rest = rest.partition(".")
                value = value.get(part)
        if rest:
            value = None
        if value is not None:
            picked[key] = value
    return picked


def dissectors(options, conf):
    names = conf.get("load", "").split()
    if options.only_modules:
        listed = subprocess.run([options.exwire, "--list-dissectors"], capture_output=True, text=True,
                                check=True).stdout
        names += [line.split()[0] for line in listed.splitlines()]
    if names and options.modules is None:
        raise SystemExit("--modules is needed: " + " ".join(names))
    return [str(options.modules / f"{name}.so") for name in names]


def run(options, case, conf):
    capture = case / conf["pcap"]
    if not capture.exists():
        capture = ROOT / "pcaps" / conf["pcap"]
    command = [options.exwire, "-vvv", "--workers", str(options.workers), "-r", str(capture)]
    if files := dissectors(options, conf):
        command += ["--set", "inspect.dissectors=[" + ", ".join(files) + "]"]
    for setting in conf["set"]:
        command += ["--set", setting]
    if "rules" in conf:
        command += ["-S", str(case / conf["rules"])]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if result.returncode != 0:
        raise SystemExit(f"{case.name}: exit status {result.returncode}\n{result.stderr}")
    told = result.stdout
    if options.workers > 1:
        told = re.sub(r'"memuse":\d+', '"memuse":0', told)
    return told.splitlines(), result.stderr


def check(options, case):
    conf = read_conf(case / "case.conf")
    lines, errors = run(options, case, conf)
    again, _ = run(options, case, conf)
    problems = []
    if sorted(lines) != sorted(again):
        problems.append("two runs differ")
    for secret in conf["forbid"]:
        if any(secret in line for line in lines) or secret in errors:
            problems.append(f"forbidden text in the output: {secret}")
    events = [json.loads(line) for line in lines]
    if "sids" in conf:
        first, last = map(int, conf["sids"].split("-"))
        events = [event for event in events if event["event_type"] != "alert"
                  or first <= event["alert"]["signature_id"] <= last]
    got = sorted(json.dumps(pick(event, conf["compare"]), sort_keys=True) for event in events
                 if event["event_type"] in conf["kinds"])
    path = case / "expected.jsonl"
    if options.update:
        path.write_text("".join(line + "\n" for line in got))
        return problems
    want = sorted(json.dumps(json.loads(line), sort_keys=True)
                  for line in path.read_text().splitlines() if line)
    remaining = list(got)
    for line in want:
        if line in remaining:
            remaining.remove(line)
        else:
            problems.append(f"missing    {line}")
    problems += [f"unexpected {line}" for line in remaining]
    return problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("exwire")
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--modules", type=pathlib.Path)
    parser.add_argument("--only-modules", action="store_true")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_intermixed_args()
    cases = [HERE / name for name in options.cases] or sorted(
        path.parent for path in HERE.glob("*/case.conf"))
    bad = 0
    for case in cases:
        problems = check(options, case)
        bad += bool(problems)
        print(("FAILED " if problems else "ok     ") + case.name)
        for problem in problems:
            print("    " + problem)
    print(f"{len(cases)} golden cases, {bad} failed")
    return 1 if bad or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
