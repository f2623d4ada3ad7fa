#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks EVE lines as strictly as their strictest reader.

Valid JSON without repeated keys; the timestamp of 31 octets that every consumer agrees on; one of the
seven event types; at most 9,000 octets and 90 keys per level; no control octet; flow_id below 2^51;
no severity 1; and the published JSON schema, when its file is there. `--forbid TEXT` (repeatable): a
secret that must not occur. Prints "N lines checked, N errors".

Usage: check_eve.py [--schema FILE] [--forbid TEXT] FILE|- ...
"""
import argparse
import json
import pathlib
import re
import sys

KINDS = {"alert", "tls", "http", "flow", "anomaly", "fileinfo", "stats"}
TIMESTAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000$")


def unique(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"repeated key in {keys}")
    if len(keys) > 90:
        raise ValueError(f"{len(keys)} keys on one level")
    return dict(pairs)


def problems(line, validator, forbidden):
    if len(line) > 9000:
        yield f"{len(line)} octets"
    if any(octet < 0x20 or octet == 0x7f for octet in line.rstrip(b"\n")):
        yield "control octet"
    if not line.endswith(b"\n"):
        yield "torn line"
    for secret in forbidden:
        if secret in line:
            yield "forbidden text"
    try:
        event = json.loads(line.decode("utf-8"), object_pairs_hook=unique)
    except ValueError as error:
        yield str(error)
        return
    if not TIMESTAMP.match(event.get("timestamp", "")):
        yield f"timestamp {event.get('timestamp')}"
    if event.get("event_type") not in KINDS:
        yield f"event type {event.get('event_type')}"
    if not 0 <= event.get("flow_id", 1) < 2**51:
        yield "flow_id"
    if event.get("alert", {}).get("severity") == 1:
        yield "severity 1"
    if "flow_id" in event and "community_id" not in event:
        yield "no community_id"
    if validator:
        for error in validator.iter_errors(event):
            yield f"schema: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--schema")
    parser.add_argument("--forbid", action="append", default=[])
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    validator = None
    if options.schema and pathlib.Path(options.schema).exists():
        import jsonschema
        schema = json.loads(pathlib.Path(options.schema).read_text())
        validator = jsonschema.validators.validator_for(schema)(schema)
    else:
        print("no schema here: the other checks only")
    lines = errors = 0
    for name in options.files:
        file = sys.stdin.buffer if name == "-" else open(name, "rb")
        for number, line in enumerate(file, 1):
            lines += 1
            for problem in problems(line, validator, [text.encode() for text in options.forbid]):
                errors += 1
                if errors <= 20:
                    print(f"{name}:{number}: {problem}")
    print(f"figure: {lines} lines checked, {errors} errors")
    return 1 if errors or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
