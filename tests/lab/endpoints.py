# SPDX-License-Identifier: BSD-3-Clause
"""Plaintext clients of everything that is not ActiveSync: endpoints.py SCENE ADDRESS PASSWORD

Writes requests octet by octet, because the scenes need mixed case, percent-encoded octets, pipelining and methods
that HTTP libraries do not let through. Prints one line per answer and exits with 1 on an unexpected one.
"""
import base64
import socket
import struct
import sys
import urllib.parse
import uuid

HOST = "mail.exwire.example"
OUTLOOK = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.14334; Pro)"
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:115.0) Gecko/20100101 Firefox/115.0"

scene, address, password = sys.argv[1:4]
failed = False


def basic(user="phone1@exwire.example"):
    return ("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


class Connection:
    def __init__(self, port):
        self.port = port
        self.socket = socket.create_connection((address, port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = self.socket.makefile("rb")
        self.waiting = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.input.close()
        self.socket.close()

    @staticmethod
    def octets(method, target, *headers, body=b"", agent=BROWSER, host=HOST, version="1.1", length=None):
        lines = [f"{method} {target} HTTP/{version}", f"Host: {host}", f"User-Agent: {agent}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if body or length is not None or method in ("POST", "PROPFIND", "SEARCH"):
            lines.append(f"Content-Length: {len(body) if length is None else length}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def send(self, method, target, *headers, expect=200, **how):
        self.send_all([(self.octets(method, target, *headers, **how), f"{method} {target}", expect)])

    def send_all(self, requests):  # all in one write: pipelining
        self.socket.sendall(b"".join(octets for octets, _, _ in requests))
        for _, what, expect in requests:
            self.receive(what, expect)

    def receive(self, what, expect, body=True):
        global failed
        status = int(self.input.readline().split()[1])
        length = 0
        while (line := self.input.readline().strip()):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if body:
            self.input.read(length)
        print(f"{self.port} {what} {status}", flush=True)
        if status != expect:
            print(f"endpoints: expected {expect}", file=sys.stderr)
            failed = True


def ntlm_messages():
    """Types 1 and 3 with made-up proofs: the shape is what matters, nobody checks them."""
    first = b"NTLMSSP\0" + struct.pack("<II", 1, 0xA2088207) + bytes(16) + b"\x0a\0\x61\x4a\0\0\0\x0f"
    fields = [b"\x11" * 24, b"\x22" * 48]  # LM and NT proof
    fields += [text.encode("utf-16-le") for text in ("EXWIRE", "phone1", "PHONE1")] + [b""]
    offset, head, tail = 72, b"NTLMSSP\0" + struct.pack("<I", 3), b""
    for field in fields:
        head += struct.pack("<HHI", len(field), len(field), offset + len(tail))
        tail += field
    third = head + struct.pack("<I", 0xA2888205) + b"\x0a\0\x61\x4a\0\0\0\x0f" + tail
    return [("Authorization", "NTLM " + base64.b64encode(message).decode()) for message in (first, third)]


def outlook_anywhere(port):
    target = "/rpc/rpcproxy.dll?mail.exwire.example:6001"
    common = [("Accept", "application/rpc"), ("Cache-Control", "no-cache"), ("Pragma", "no-cache")]

    def rts(commands, count):
        return struct.pack("<4B4sHHI HH", 5, 0, 20, 3, b"\x10\0\0\0", 20 + len(commands), 0, 0, 0, count) + commands

    def cookie(number):
        return struct.pack("<I", 3) + uuid.UUID(int=0xE8000000000040008000000000000000 + number).bytes_le

    opening_out = rts(struct.pack("<II", 6, 1) + cookie(1) + cookie(2) + struct.pack("<II", 0, 65536), 4)
    opening_in = rts(struct.pack("<II", 6, 1) + cookie(1) + cookie(3) + struct.pack("<IIII", 4, 1 << 30, 5, 300000)
                     + struct.pack("<I", 12) + uuid.UUID(int=7).bytes_le, 6)
    assert len(opening_out) == 76 and len(opening_in) == 104
    with Connection(port) as probe:
        probe.send("RPC_IN_DATA", target, *common, length=0, expect=401, agent="MSRPC")
    with Connection(port) as out_channel, Connection(port) as in_channel:
        user = basic(r"EXWIRE\phone3")
        out_channel.socket.sendall(out_channel.octets("RPC_OUT_DATA", target, *common, user, body=opening_out, agent="MSRPC"))
        in_channel.socket.sendall(
            in_channel.octets("RPC_IN_DATA", target, *common, user, body=opening_in, length=1 << 30, agent="MSRPC"))
        out_channel.receive(f"RPC_OUT_DATA {target}", 200, body=False)
        out_channel.input.read(28 + 44)  # CONN/A3 and CONN/C2


def scene_exchange():
    soap = (b'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">'
            b'<soap:Body><GetFolder xmlns="http://schemas.microsoft.com/exchange/services/2006/messages"/>'
            b"</soap:Body></soap:Envelope>")
    xml = ("Content-Type", "text/xml; charset=utf-8")
    form = ("Content-Type", "application/x-www-form-urlencoded")

    with Connection(80) as web:  # Exchange Web Services: challenge, then Basic, then once more on the same connection
        mac = "MacOutlook/16.78.23100802 (Intel Mac OS X 13.6)"
        web.send("POST", "/EWS/Exchange.asmx", xml, body=soap, agent=mac, expect=401)
        web.send("POST", "/EWS/Exchange.asmx", xml, basic(), body=soap, agent=mac)
        web.send("POST", "/ews/EXCHANGE.ASMX", xml, basic(), body=soap, agent=mac)
    with Connection(8080) as web:  # odd port, percent-encoded and in mixed case
        web.send("POST", "/%45ws/%65xchange.asmx", xml, basic(), body=soap, agent="ExchangeServicesClient/15.00.0913.015")
    with Connection(80) as web:  # NTLM: no password on the wire, but no TLS either
        first, third = ntlm_messages()
        target = "/mapi/emsmdb/?MailboxId=6f1f3c0a-6d0e-4b1e-a7a5-2b6f0c1d9e00@exwire.example"
        mapi = [("Content-Type", "application/mapi-http"), ("X-RequestType", "Connect"), ("X-ClientInfo", "exwire:1"),
                ("X-RequestId", "{1B4E28BA-2FA1-11D2-883F-B9A761BDE3FB}:1"), ("X-ClientApplication", "Outlook/16.0.14334.20244")]
        body = b"/o=Exwire/cn=phone1\0" + struct.pack("<8I", 0, 1252, 1033, 1033, 0, 0, 0, 0)
        web.send("POST", target, *mapi, first, agent=OUTLOOK, expect=401)
        web.send("POST", target, *mapi, third, body=body, agent=OUTLOOK)
        web.send("POST", target, *mapi[:1], ("X-RequestType", "Disconnect"), *mapi[2:], body=bytes(4), agent=OUTLOOK, expect=401)
    outlook_anywhere(80)
    with Connection(80) as web:  # Outlook Web App with its logon form
        web.send("GET", "/owa/", expect=302)
        web.send("GET", "/owa/auth/logon.aspx?url=http%3a%2f%2fmail.exwire.example%2fowa%2f&reason=0")
        fields = {"destination": "http://mail.exwire.example/owa/", "flags": "4", "forcedownlevel": "0",
                  "username": r"EXWIRE\phone1", "password": password, "passwordText": "", "isUtf8": "1"}
        web.send("POST", "/owa/auth.owa", form, ("Referer", "http://mail.exwire.example/owa/auth/logon.aspx"),
                 body=urllib.parse.urlencode(fields).encode(), expect=302)
        session = ("Cookie", "cadata=EXWIRELAB0001; cadataKey=EXWIRELAB0002")
        web.send("GET", "/owa/", session)
        web.send("GET", "/ecp/", session)
    with Connection(81) as web:  # the back-end site's port, pipelined
        web.send_all([
            (web.octets("GET", "/OWA/", version="1.1"), "GET /OWA/", 302),
            (web.octets("GET", "/Ecp/default.aspx"), "GET /Ecp/default.aspx", 302),
            (web.octets("GET", "/owa/Calendar/phone1@exwire.example/Calendar/calendar.html"), "GET /owa/Calendar/...", 200),
        ])
    with Connection(80) as web:  # Autodiscover and the address book, pipelined
        request = b'<?xml version="1.0" encoding="utf-8"?><Autodiscover><Request><EMailAddress>phone1@exwire.example</EMailAddress></Request></Autodiscover>'
        discover = web.octets("POST", "/Autodiscover/Autodiscover.xml", xml, basic(), body=request, agent=OUTLOOK,
                              host="autodiscover.exwire.example")
        book = web.octets("GET", "/OAB/3f2b1a90-5e0c-4f55-8d2e-0d9c6a7b1e11/oab.xml", basic(), agent="Microsoft BITS/7.8")
        web.send_all([(discover, "POST /Autodiscover/Autodiscover.xml", 200), (book, "GET /OAB/.../oab.xml", 200)])
    with Connection(80) as web:  # Exchange 2003: WebDAV, public folders, Outlook Mobile Access
        dav = b'<?xml version="1.0"?><a:propfind xmlns:a="DAV:"><a:prop><a:displayname/></a:prop></a:propfind>'
        query = b'<?xml version="1.0"?><a:searchrequest xmlns:a="DAV:"><a:sql>SELECT "DAV:displayname" FROM "/public/"</a:sql></a:searchrequest>'
        web.send("PROPFIND", "/exchange/phone1/", xml, ("Depth", "1"), basic(r"EXWIRE\phone3"), body=dav, expect=207)
        web.send("SEARCH", "/public/", xml, basic(r"EXWIRE\phone3"), body=query, expect=207)
        web.send("GET", "/oma/", basic(r"EXWIRE\phone3"), agent="Mozilla/4.0 (compatible; MSIE 4.01; Windows CE; PPC; 240x320)")
    with Connection(80) as web:  # remote administration, and ActiveSync's OPTIONS with the headers of Exchange 2019
        web.send("POST", "/powershell?PSVersion=5.1.14393.0", ("Content-Type", "application/soap+xml;charset=UTF-8"),
                 basic("admin@exwire.example"), body=b"<s:Envelope/>", agent="Microsoft WinRM Client")
        web.send("OPTIONS", "/Microsoft-Server-ActiveSync", basic(), agent="Apple-iPhone14C2/1909.100")


def scene_not_exchange():
    """Names that begin, end or continue like Exchange's, and Exchange's names where they mean nothing."""
    with Connection(80) as web:
        for target in ("/", "/owanews/", "/rpc2", "/ewsletter/index.html", "/oabc/", "/news/owa/", "/search?q=/owa/auth.owa",
                       "/Microsoft-Server-ActiveSyncs", "/mapicon.png", "/publications/", "/exchangerates/", "/omaha/"):
            web.send("GET", target)
        web.send("GET", "/private/", basic())  # credentials in clear, but not Exchange's


def scene_redirect():
    with Connection(80) as web:
        web.send("GET", "/", expect=301)
        web.send("GET", "/owa/", expect=302)
        web.send("GET", "/Microsoft-Server-ActiveSync", expect=301)
    with Connection(80) as web:
        web.send("OPTIONS", "/Microsoft-Server-ActiveSync", agent="Apple-iPhone14C2/1909.100", expect=301)
    with Connection(80) as web:
        web.send("GET", "/Autodiscover/Autodiscover.xml", ("Connection", "close"), agent=OUTLOOK, expect=301,
                 host="autodiscover.exwire.example")


def scene_redirect_with_credentials():
    with Connection(80) as web:  # the server is right, the phone has already told everyone
        web.send("OPTIONS", "/Microsoft-Server-ActiveSync", basic(), agent="Android/13-EAS-2.0", expect=301)


SCENES = {"exchange": scene_exchange, "not-exchange": scene_not_exchange, "redirect": scene_redirect,
          "redirect-with-credentials": scene_redirect_with_credentials}
SCENES[scene]()
sys.exit(1 if failed else 0)
