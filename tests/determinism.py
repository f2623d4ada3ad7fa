#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every capture several times: each run draws another hash key, and all must tell the same.

Usage: determinism.py EXWIRE [--runs 3] DIRECTORY...
"""
import argparse
import concurrent.futures
import hashlib
import pathlib
import subprocess
import sys


def digest(exwire, capture):
    done = subprocess.run([exwire, "-q", "-r", capture], capture_output=True, timeout=300)
    return hashlib.sha256(b"\n".join(sorted(done.stdout.splitlines()))).hexdigest(), done.returncode, done.stdout


def judge(exwire, capture, runs):
    """What two runs tell differently; empty if nothing."""
    first, status, told = digest(exwire, capture)
    for _ in range(runs - 1):
        again, other_status, other = digest(exwire, capture)
        if again != first or other_status != status:
            return sorted(set(told.splitlines()) ^ set(other.splitlines()))[:2] or ["only in order or number"]
    return []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("exwire")
    parser.add_argument("directories", nargs="+", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    captures = sorted(path for directory in arguments.directories for path in directory.iterdir()
                      if path.suffix in (".pcap", ".pcapng", ".cap", ".trace"))
    if not captures:
        print("no captures here")
        sys.exit(77)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda path: judge(arguments.exwire, path, arguments.runs), captures))
    for path, lines in zip(captures, found):
        if lines:
            print("differs:", path.name, *(line if isinstance(line, str) else line.decode()[:400] for line in lines), sep="\n  ")
    bad = sum(map(bool, found))
    print(f"figure: {len(captures) - bad} of {len(captures)} captures tell the same in {arguments.runs} runs")
    sys.exit(bad != 0)


if __name__ == "__main__":
    main()
