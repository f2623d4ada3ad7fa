#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Fails on an include that points upwards.

A file may include its own folder and the folders before it in ORDER, nothing else; a dissector sees
only dissectors/ and the header-only sensor/base/bytes.hpp. Prints every breach as file:line.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
# What each layer may see, in the order of the spine. `flow` does not see `capture`.
ALLOWED = {
    "base": ["base"],
    "wire": ["base", "wire"],
    "capture": ["base", "wire", "capture"],
    "flow": ["base", "wire", "flow"],
    "inspect": ["base", "wire", "flow", "inspect"],
    "detect": ["base", "wire", "flow", "inspect", "detect"],
    "report": ["base", "wire", "flow", "inspect", "detect", "report"],
    "app": ["base", "wire", "capture", "flow", "inspect", "detect", "report", "app"],
}


def may_include(path, target):
    parts = path.relative_to(ROOT).parts
    if parts[0] == "dissectors":
        return target.startswith("dissectors/") or target == "sensor/base/bytes.hpp"
    if target == "dissectors/api.hpp":
        return True
    if target == "builtin.inc":  # generated: the list of built-in dissectors
        return parts[:2] == ("sensor", "inspect")
    if target == "exwire_rules.inc":  # generated: signatures/exwire.rules as a literal
        return parts[:2] == ("sensor", "detect")
    if not target.startswith("sensor/"):
        return False
    layer = parts[1] if len(parts) > 2 else "app"  # sensor/main.cpp stands above all
    return target.split("/")[1] in ALLOWED[layer]


def main():
    breaches, includes = [], 0
    files = [f for folder in ("sensor", "dissectors") for f in sorted((ROOT / folder).rglob("*"))
             if f.suffix in (".hpp", ".cpp")]
    for path in files:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            includes += 1
            if not may_include(path, match.group(1)):
                breaches.append(f"{path.relative_to(ROOT)}:{number}: {match.group(1)}")
    print("\n".join(breaches))
    print(f"{len(files)} files, {includes} includes, {len(breaches)} breaches")
    if not files or includes == 0:
        sys.exit("nothing was checked")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
