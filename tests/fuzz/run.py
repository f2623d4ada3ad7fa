#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs a libFuzzer target for a while: run.py TARGET CORPUS... [-max_total_time=SECONDS ...]

New inputs go into a temporary folder, so that the corpus in the tree stays what was chosen. How
long is EXWIRE_FUZZ_SECONDS (default 20).
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

target = sys.argv[1]
corpora = [folder for folder in sys.argv[2:] if pathlib.Path(folder).is_dir()]
seconds = os.environ.get("EXWIRE_FUZZ_SECONDS", "20")
with tempfile.TemporaryDirectory() as found:
    run = subprocess.run(
        [target, f"-max_total_time={seconds}", "-rss_limit_mb=4096", "-timeout=30",
         "-print_final_stats=1", f"-artifact_prefix={os.getcwd()}/{pathlib.Path(target).name}-",
         found, *corpora],
        stderr=subprocess.PIPE, text=True, errors="replace", check=False)
executions = re.search(r"number_of_executed_units: (\d+)", run.stderr)
if run.returncode != 0 or executions is None:
    print(run.stderr[-6000:])
    sys.exit(1)  # libFuzzer ends with 77, which would count as skipped
print(f"figure: {pathlib.Path(target).name}: {executions[1]} executions, no report")
