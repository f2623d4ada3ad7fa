#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every capture several times: each run draws another hash key, and all must tell the same.

--workers names how many workers each run has, and with it the number of runs: they must tell the
same, but for the memory their tables hold.
Usage: determinism.py EXWIRE [--workers 1,1,1] DIRECTORY...
"""
import argparse
import concurrent.futures
import hashlib
import pathlib
import re
import subprocess
import sys


def digest(exwire, capture, workers):
    done = subprocess.run([exwire, "-q", "--workers", str(workers), "-r", capture], capture_output=True, timeout=300)
    told = re.sub(rb'"memuse":\d+', b'"memuse":0', done.stdout)
    return hashlib.sha256(b"\n".join(sorted(told.splitlines()))).hexdigest(), done.returncode, told


def judge(exwire, capture, workers):
    """What two runs tell differently; empty if nothing."""
    first, status, told = digest(exwire, capture, workers[0])
    for number in workers[1:]:
        again, other_status, other = digest(exwire, capture, number)
        if again != first or other_status != status:
            return sorted(set(told.splitlines()) ^ set(other.splitlines()))[:2] or ["only in order or number"]
    return []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("exwire")
    parser.add_argument("directories", nargs="+", type=pathlib.Path)
    parser.add_argument("--workers", default="1,1,1")
    arguments = parser.parse_args()
    workers = [int(number) for number in arguments.workers.split(",")]
    captures = sorted(path for directory in arguments.directories for path in directory.iterdir()
                      if path.suffix in (".pcap", ".pcapng", ".cap", ".trace"))
    if not captures:
        print("no captures here")
        sys.exit(77)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda path: judge(arguments.exwire, path, workers), captures))
    for path, lines in zip(captures, found):
        if lines:
            print("differs:", path.name, *(line if isinstance(line, str) else line.decode()[:400] for line in lines), sep="\n  ")
    bad = sum(map(bool, found))
    print(f"figure: {len(captures) - bad} of {len(captures)} captures tell the same with {arguments.workers} workers")
    sys.exit(bad != 0)


if __name__ == "__main__":
    main()
