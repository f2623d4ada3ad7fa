# SPDX-License-Identifier: BSD-3-Clause
"""A phone with an ActiveSync account: one session of OPTIONS, Provision, FolderSync, Sync and Pings.

Speaks as iOS and Android do (user agent, query, headers, WBXML bodies), over TLS or in clear, on one kept-alive
connection or with `Connection: close`. Prints one line per request. Exits with 1 if an answer is not the expected one.
It keeps no mail and no policy; it is there to make honest traffic, not to test the server.
"""
import argparse
import base64
import http.client
import socket
import ssl
import struct
import sys
import urllib.parse

import wbxml

PROFILES = {  # name: (user agent, device type, device id, protocol version)
    "iphone": ("Apple-iPhone14C2/1909.100", "iPhone", "EXWIREIPHONE00000000000000000001", "14.1"),
    "ipad": ("Apple-iPad11C3/1909.100", "iPad", "EXWIREIPAD0000000000000000000002", "14.1"),
    "android": ("Android/13-EAS-2.0", "Android", "androidexwire0000003", "14.0"),
    "samsung": ("SAMSUNG-SM-G991B/101.130", "SamsungDevice", "SEC0EXWIRE000004", "12.1"),
}
COMMANDS = {"Sync": 0, "FolderSync": 9, "Ping": 18, "Provision": 20}  # MS-ASHTTP 2.2.1.1.1.1.2


STEPS = "options provision folders sync sync-more add ping ping-again"


class Phone:
    def __init__(self, options):
        self.options = options
        self.agent, self.device_type, self.device_id, self.version = PROFILES[options.device]
        self.policy_key = "0"
        self.connection = None
        self.challenged = options.preemptive
        self.failed = False

    def connect(self):
        # An answer to a Ping comes within its heartbeat and a turn of the server's grid.
        raw = socket.create_connection((self.options.address, self.options.port), timeout=60 + self.options.heartbeat,
                                       source_address=(self.options.source, 0))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.options.tls != "none":
            context = ssl.create_default_context(cafile=self.options.root)
            version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[self.options.tls]
            context.minimum_version = context.maximum_version = version
            context.set_alpn_protocols(["http/1.1"])
            if self.options.keylog:
                context.keylog_filename = self.options.keylog
            raw = context.wrap_socket(raw, server_hostname=self.options.host)
        # http.client only writes to and reads from the socket that is put in here.
        self.connection = http.client.HTTPConnection(self.options.host)
        self.connection.sock = raw

    def target(self, command):
        path = self.options.path
        if command is None:
            return path
        if self.options.base64:  # MS-ASHTTP 2.2.1.1.1.1.1
            device, kind = self.device_id.encode(), self.device_type.encode()
            query = struct.pack("<BBHB", int(float(self.version) * 10), COMMANDS[command], 0x0409, len(device)) + device
            query += struct.pack("<BI", 4, int(self.policy_key)) + bytes([len(kind)]) + kind
            return path + "?" + base64.b64encode(query).decode()
        fields = {"User": self.options.user, "DeviceId": self.device_id, "DeviceType": self.device_type, "Cmd": command}
        return path + "?" + urllib.parse.urlencode(fields, quote_via=urllib.parse.quote)

    def request(self, method, command=None, body=None, expect=200):
        if self.connection is None:
            self.connect()
        headers = {"Host": self.options.host, "User-Agent": self.agent, "Accept": "*/*", "Accept-Language": "en-us"}
        if self.challenged:
            pair = f"{self.options.user}:{self.options.password}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        if command and not self.options.base64:
            headers["MS-ASProtocolVersion"] = self.version
            if not (command == "Ping" and self.options.device == "android"):  # Android leaves it out on Ping
                headers["X-MS-PolicyKey"] = self.policy_key
        if body is not None:
            headers["Content-Type"] = "application/vnd.ms-sync.wbxml"
            headers["Content-Length"] = str(len(body))
        headers["Connection"] = "close" if self.options.close else "keep-alive"

        target = self.target(command)
        connection = self.connection
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        answer = response.read()
        print(f"{method} {command or '-'} {response.status} {len(answer)} octets", flush=True)
        if response.status != expect:
            print(f"phone: expected {expect}, headers {response.getheaders()}, body {answer[:300]!r}", file=sys.stderr)
            self.failed = True
        if response.will_close or self.options.close or connection.sock is None:
            connection.close()
            self.connection = None
        return answer

    def command(self, name, tree=None):
        return self.request("POST", name, wbxml.build(tree) if tree else b"")

    def provision(self):
        kind = ("PolicyType", "MS-EAS-Provisioning-WBXML")
        answer = self.command("Provision", ("Provision", [("Policies", [("Policy", [kind])])]))
        self.policy_key = wbxml.text(answer, 14, 0x09) or "0"
        accepted = [kind, ("PolicyKey", self.policy_key), ("Policy.Status", "1")]
        answer = self.command("Provision", ("Provision", [("Policies", [("Policy", accepted)])]))
        self.policy_key = wbxml.text(answer, 14, 0x09) or self.policy_key

    def sync(self, key, extra=()):
        collection = [("SyncKey", key), ("CollectionId", self.options.folder), *extra]
        answer = self.command("Sync", ("Sync", [("Collections", [("Collection", collection)])]))
        return wbxml.text(answer, 0, 0x0B) or key  # an empty answer means: nothing new

    def add_event(self, key):
        event = [
            ("Cal.AllDayEvent", "0"), ("Cal.BusyStatus", "2"), ("Cal.DtStamp", "20260105T080000Z"),
            ("Cal.EndTime", "20260105T100000Z"), ("Cal.Subject", "Lab meeting"),
            ("Cal.StartTime", "20260105T090000Z"), ("Cal.UID", f"exwire-{self.device_id}"),
        ]
        add = ("Add", [("ClientId", "1"), ("ApplicationData", event)])
        return self.sync(key, [("GetChanges", "0"), ("Commands", [add])])

    def ping(self, with_body=True):
        folder = ("Ping.Folder", [("Ping.Id", self.options.folder), ("Ping.Class", "Calendar")])
        tree = ("Ping", [("Ping.HeartbeatInterval", str(self.options.heartbeat)), ("Ping.Folders", [folder])])
        answer = self.command("Ping", tree if with_body else None)
        status = wbxml.text(answer, 13, 0x07)
        print(f"Ping status {status}", flush=True)
        if status != "1":  # heartbeat over, nothing new
            self.failed = True

    def session(self):
        self.session_of(self.options.steps)
        self.hang_up()
        return 1 if self.failed else 0

    def hang_up(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def session_of(self, steps):
        if not self.challenged:  # iOS asks without credentials first
            self.request("OPTIONS", expect=401)
            self.challenged = True
        sync_key = "0"
        for step in steps.split(","):
            if step == "options":
                self.request("OPTIONS")
            elif step == "provision":
                self.provision()
            elif step == "folders":
                self.command("FolderSync", ("FolderSync", [("FolderSync.SyncKey", "0")]))
            elif step == "sync":
                sync_key = self.sync(sync_key)
            elif step == "add":
                sync_key = self.add_event(sync_key)
            elif step == "sync-more":
                sync_key = self.sync(sync_key, [("GetChanges", None), ("WindowSize", "25")])
            elif step == "ping":
                self.ping()
            elif step == "ping-again":  # without a body: the server remembers the first one
                self.ping(with_body=False)
            else:
                sys.exit(f"phone: unknown step {step}")


def parser_of_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="mail.exwire.example")
    parser.add_argument("--path", default="/Microsoft-Server-ActiveSync")
    parser.add_argument("--tls", choices=("none", "1.2", "1.3"), required=True)
    parser.add_argument("--root", help="certificate of the root that signed the server's")
    parser.add_argument("--keylog", help="file that gets the TLS secrets")
    parser.add_argument("--user", default="phone1@exwire.example")
    parser.add_argument("--password", required=True)
    parser.add_argument("--device", choices=PROFILES, default="iphone")
    parser.add_argument("--folder", default="vevent%2Fpersonal", help="as FolderSync names it")
    parser.add_argument("--steps", default="options,provision,folders,sync,ping", help=STEPS)
    parser.add_argument("--heartbeat", type=int, default=10, help="seconds; the lab's SOGo answers on a grid of 5 s")
    parser.add_argument("--base64", action="store_true", help="query in the short base64 form")
    parser.add_argument("--close", action="store_true", help="one request per connection")
    parser.add_argument("--preemptive", action="store_true", help="send credentials unasked, as Android does")
    parser.add_argument("--source", default="", help="own address, where the phone has several")
    return parser


if __name__ == "__main__":
    sys.exit(Phone(parser_of_options().parse_args()).session())
