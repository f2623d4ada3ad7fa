#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Boxes that forget idle connections, real ones: records with tests/lab/idle on both sides of each and
asks the sensor. The true timeout must lie within the reported interval, in the right mode, and no
timeout may be reported where there is none.

Usage: idle_check.py EXWIRE [SECONDS[,SECONDS...] [RUN]]     SECONDS: idle timeouts, default 5; tried all at once
Exit: 0 right, 1 wrong, 77 skipped (no root, no namespaces, packages missing).
"""
import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

LAB = pathlib.Path(__file__).resolve().parent
# With a process namespace of its own: servers and proxies end with it.
BOX = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
# mode of the lab, TLS version, mode that must be reported
CASES = [("silent", "1.3", "silent"), ("silent", "1.2", "silent"), ("rst", "1.3", "rst"),
         ("fin", "1.2", "fin"), ("none", "1.3", None), ("lost", "1.3", None),
         ("silent-once", "1.3", "silent"), ("fin-once", "1.3", "fin")]


def record(folder, mode, tls, seconds, run):
    target = pathlib.Path(folder) / f"{mode}-{tls}-{seconds}"
    target.mkdir()
    target.chmod(0o777)  # tcpdump gives up root
    subprocess.run([*BOX, LAB / "idle", mode, str(seconds), target, tls, str(run)], check=True,
                   timeout=run + 60, stdout=subprocess.DEVNULL)
    return target


def findings(exwire, capture, seconds):
    command = [exwire, "-q", "-r", capture]
    if seconds < 60:
        command += ["--set", "direct_push.shortest_gap=1s", "--set", "direct_push.shortest_heartbeat=2s"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    events = [json.loads(line) for line in output.splitlines()]
    alerts = [event["alert"] for event in events if event["event_type"] == "alert"]
    return [alert["context"]["exchange"] for alert in alerts if alert["signature_id"] == 1443201]


def judge(exwire, capture, mode, seconds):
    told = findings(exwire, capture, seconds)
    if mode is None:
        return not told, f"{len(told)} findings"
    if not told:
        return False, "nothing found"
    last = told[-1]
    low, high = last["lower_s"], last["upper_s"]
    right = (low <= seconds <= high and last["mode"] == mode and last["state"] != "closed"
             and (low <= last["estimate_s"] <= high))
    return right, f"{last['mode']} {low} to {high} s, estimate {last['estimate_s']}, {last['drops']} drops"


def events(exwire, capture):
    """Flow and http events by the client's port."""
    output = subprocess.run([exwire, "-q", "-r", capture, "--set", "direct_push.shortest_gap=1s", "--set",
                             "direct_push.shortest_heartbeat=2s"], check=True, capture_output=True, text=True).stdout
    found = {"flow": {}, "http": {}}
    for event in map(json.loads, output.splitlines()):
        if event["event_type"] in found:
            numbers = event.get("metadata", {}).get("flowints", {})
            found[event["event_type"]].setdefault(event["src_port"], []).append(numbers)
    return found


def legs_agree(exwire, folder):
    """Behind a bridge the same wait shows under TLS and, with what was asked for, in clear text."""
    sealed = events(exwire, folder / "idle-bridge-8-outside.pcap")["flow"]
    clear = events(exwire, folder / "idle-bridge-8-inside.pcap")
    compared = wrong = 0
    for port, (flow, *_) in sealed.items():
        pings = [ping for ping in clear["http"].get(port, []) if "exw.wait_ms" in ping]
        if "exw.reset_by_client" in clear["flow"][port][0]:  # the bridge refused the last answer: its phone was gone
            pings = pings[:-1]
        if "exw.heartbeat_s" not in flow or not pings:
            continue
        longest = max(ping["exw.wait_ms"] for ping in pings) / 1000
        full = [ping["exw.heartbeat_s"] for ping in pings if ping["exw.wait_ms"] / 1000 >= ping["exw.heartbeat_s"]]
        compared += 1
        wrong += abs(flow["exw.heartbeat_s"] - longest) > 1 or max(full, default=0) > flow["exw.heartbeat_s"] + 1
        wrong += not clear["flow"][port][0].get("exw.wait_kind") == "ping"
    return wrong == 0 and compared >= 6, f"{compared} connections compared, {wrong} disagree"


def main():
    exwire = sys.argv[1]
    timeouts = [int(text) for text in (sys.argv[2] if len(sys.argv) > 2 else "5").split(",")]
    run = int(sys.argv[3]) if len(sys.argv) > 3 else None
    for need in ("nft", "ip", "tcpdump", "unshare", "openssl"):
        if shutil.which(need) is None:
            print(f"{need} is missing")
            return 77
    if os.geteuid() != 0 or subprocess.run([*BOX, "true"], check=False).returncode != 0:
        print("needs root that may make network namespaces")
        return 77
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # sent to its process group: clean up
    wrong = 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(99) as pool:
        os.chmod(folder, 0o755)
        recorded = {(seconds, case): pool.submit(record, folder, *case[:2], seconds, run or seconds * 14)
                    for seconds in timeouts for case in CASES}
        bridged = pool.submit(record, folder, "bridge", "1.3", 8, 90)
        for seconds in timeouts:
            right_here = 0
            for case in CASES:
                mode, tls, expected = case
                for side in ("inside", "outside"):
                    capture = recorded[seconds, case].result() / f"idle-{mode}-{seconds}-{side}.pcap"
                    right, words = judge(exwire, capture, expected, seconds)
                    right_here += right
                    print(f"{'ok   ' if right else 'WRONG'} {seconds} s, {mode} TLS {tls} {side}: {words}")
            wrong += 2 * len(CASES) - right_here
            print(f"figure: idle timeouts of {seconds} s: {right_here} of {2 * len(CASES)} right")
        right, words = legs_agree(exwire, bridged.result())
        wrong += not right
        print(f"{'ok   ' if right else 'WRONG'} TLS leg and clear leg of a bridge: {words}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
