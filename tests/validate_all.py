#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Replays every capture at hand twice: no crash, no secret, every line valid, both runs alike.

Usage: validate_all.py EXWIRE DIRECTORY... (captures; missing directories are passed over). The lab's
password must be in no output at -vvv, in no form it travelled in. EXWIRE_SCHEMA names the schema.
"""
import base64
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PASSWORD = "Canary-7f3e-Passw0rd!"
USERS = ["phone1@exwire.example", "phone2@exwire.example", "EXWIRE\\phone3", "admin@exwire.example",
         *(f"user{number}@exwire.example" for number in range(4))]
SECRETS = [PASSWORD, PASSWORD.replace("!", "%21")] + [
    base64.b64encode(f"{user}:{PASSWORD}".encode()).decode() for user in USERS]


def replay(exwire, capture, folder):
    result = subprocess.run([exwire, "-vvv", "-r", str(capture), "-l", str(folder)],
                            capture_output=True, timeout=600)
    if result.returncode not in (0, 3) or b"ERROR: AddressSanitizer" in result.stderr or \
            b"runtime error" in result.stderr:
        sys.exit(f"{capture.name}: exit status {result.returncode}\n"
                 f"{result.stderr.decode(errors='replace')[-4000:]}")
    return (folder / "eve.json").read_bytes(), result.stderr + result.stdout, result.returncode


def main():
    exwire = sys.argv[1]
    captures = [path for name in sys.argv[2:] if pathlib.Path(name).is_dir()
                for path in sorted(pathlib.Path(name).iterdir())
                if path.is_file() and path.suffix not in (".md", ".tsv", ".keylog")]
    if not captures:
        print("no captures here")
        return 77
    with tempfile.TemporaryDirectory() as scratch:
        everything = pathlib.Path(scratch) / "all.json"
        cut = 0
        with open(everything, "wb") as out:
            for number, capture in enumerate(captures):
                first = pathlib.Path(scratch) / f"{number}a"
                second = pathlib.Path(scratch) / f"{number}b"
                lines, said, status = replay(exwire, capture, first)
                again, _, _ = replay(exwire, capture, second)
                cut += status == 3
                if sorted(lines.splitlines()) != sorted(again.splitlines()):
                    sys.exit(f"{capture.name}: two runs differ")
                for secret in SECRETS:
                    if secret.encode() in lines or secret.encode() in said:
                        sys.exit(f"{capture.name}: the password is in the output")
                out.write(lines)
        print(f"figure: {len(captures)} captures replayed twice, {cut} damaged or cut")
        command = [sys.executable, str(HERE / "check_eve.py")]
        if os.environ.get("EXWIRE_SCHEMA"):
            command += ["--schema", os.environ["EXWIRE_SCHEMA"]]
        return subprocess.run(command + [str(everything)]).returncode


if __name__ == "__main__":
    sys.exit(main())
