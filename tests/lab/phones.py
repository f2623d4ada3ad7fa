# SPDX-License-Identifier: BSD-3-Clause
"""Many honest phones at once, each from an address of its own, 192.0.2.101 and following: over TLS to the front end,
through the bridging proxy, and in clear; long Pings with heartbeats that grow (MS-ASCMD 2.2.3.79), a Sync now and
then, reconnections, pauses on a kept-alive connection. With --visitors browsers come too, which connect ahead of
their need, and health checks that connect and close.

Exits with 1 if any session had another answer than the expected one. Its seed makes a run repeatable.
"""
import argparse
import random
import socket
import ssl
import sys
import threading
import time

import phone

HEARTBEATS = (60, 120, 180, 300, 480, 540, 900, 1500)


class Run:
    def __init__(self, options):
        self.options = options
        self.end = time.monotonic() + options.seconds
        self.failed = []

    def left(self):
        return self.end - time.monotonic()

    def sleep(self, seconds):
        time.sleep(max(0, min(seconds, self.left())))

    def of(self, kind, number):
        """One phone, or one visitor, from its start to the end of the run."""
        try:
            kind(number)
        except (OSError, ssl.SSLError) as error:
            if self.left() > 0:
                self.failed.append(f"{kind.__name__} {number}: {error!r}")

    def phone(self, number):
        chance = random.Random(f"{self.options.seed} {number}")
        door = self.options.doors[number % len(self.options.doors)]
        address, port, tls = door.split(",")
        one = phone.Phone(phone.parser_of_options().parse_args([
            "--address", address, "--port", port, "--tls", tls, "--root", self.options.root, "--password",
            self.options.password, "--source", f"192.0.2.{101 + number}",
            "--device", chance.choice(list(phone.PROFILES))]))
        if port == "20000":  # SOGo's own; it ends each connection after an answer, without a word
            one.options.path, one.options.close = "/SOGo/Microsoft-Server-ActiveSync", True
        one.device_id = f"EXWIREPHONE{number:06}"
        time.sleep(chance.uniform(0, self.options.within))
        one.session_of("options,folders,sync")
        grown = 0
        while self.left() > 10:
            longest = int(self.left()) - 10
            usual = self.options.heartbeat or HEARTBEATS[min(grown, len(HEARTBEATS) - 1)]
            one.options.heartbeat = max(10, min(usual, longest))
            if one.connection is not None and one.connection.sock is not None:
                one.connection.sock.settimeout(one.options.heartbeat + 60)
            one.ping()
            grown += 1
            what = chance.random()
            if what < 0.2:
                one.hang_up()
            elif what < 0.5:
                one.session_of("sync")
                self.sleep(chance.uniform(0, 50))
        one.hang_up()
        if one.failed:
            self.failed.append(f"phone {number}: answers")

    def door(self, number):
        address, port, tls = self.options.doors[number % len(self.options.doors)].split(",")
        sock = socket.create_connection((address, int(port)), timeout=100)
        return sock, tls != "none"

    def browser(self, number):
        """One connection for the page, two more that may never be used (IIS and nginx end them)."""
        chance = random.Random(f"{self.options.seed} browser {number}")
        context = ssl.create_default_context(cafile=self.options.root)
        while self.left() > 90:
            self.sleep(chance.uniform(0, 60))
            opened = []
            for _ in range(3):
                sock, secure = self.door(number)
                opened.append(context.wrap_socket(sock, server_hostname="mail.exwire.example") if secure else sock)
            opened[0].sendall(b"GET /owa/ HTTP/1.1\r\nHost: mail.exwire.example\r\n\r\n")
            for one in opened:
                while one.recv(4096):
                    pass
                one.close()

    def health_check(self, number):
        while self.left() > 0:
            self.door(number)[0].close()
            self.sleep(5)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seconds", type=int)
    parser.add_argument("doors", nargs="+", help="ADDRESS,PORT,TLS with TLS one of none, 1.2, 1.3")
    parser.add_argument("--phones", type=int, default=120)
    parser.add_argument("--visitors", type=int, default=0)
    parser.add_argument("--within", type=float, default=20, help="seconds in which all phones come")
    parser.add_argument("--heartbeat", type=int, help="of every Ping; growing ones otherwise")
    parser.add_argument("--password", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--seed", default="1")
    run = Run(parser.parse_args())
    kinds = [(run.phone, run.options.phones), (run.browser, run.options.visitors), (run.health_check, run.options.visitors)]
    threads = [threading.Thread(target=run.of, args=(kind, number)) for kind, count in kinds for number in range(count)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    print("\n".join(run.failed), file=sys.stderr)
    sys.exit(bool(run.failed))


if __name__ == "__main__":
    main()
