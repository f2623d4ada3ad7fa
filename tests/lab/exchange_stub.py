# SPDX-License-Identifier: BSD-3-Clause
"""Answers like IIS with Exchange 2019 on plaintext ports: exchange_stub.py ADDRESS PORT...

SOGo has no Outlook Web App, Exchange Web Services, Outlook Anywhere or MAPI over HTTP; this gives their headers,
status codes and challenges, so that whole exchanges can be recorded. It holds no mail and knows no password:
whoever sends credentials is let in, unless the password begins with "wrong".
"""
import base64
import gzip
import http.server
import struct
import sys
import threading
import time
import urllib.parse

import ews
import policies

EXCHANGE = (  # first path segments, in lower case
    "owa", "ecp", "ews", "rpc", "mapi", "oab", "autodiscover", "exchange", "public", "oma", "powershell", "exchweb",
    "microsoft-server-activesync", "api",
)
ANONYMOUS = ("/owa/auth", "/owa/calendar", "/owa/auth.owa")
# NTLM type 2 (MS-NLMP 2.2.1.2): target EXWIRE, a fixed challenge, names of domain and server.
DOMAIN = "EXWIRE".encode("utf-16-le")
NAMES = struct.pack("<HH", 2, len(DOMAIN)) + DOMAIN + struct.pack("<HH", 1, len(DOMAIN)) + DOMAIN + bytes(4)
NTLM_CHALLENGE = base64.b64encode(
    b"NTLMSSP\0" + struct.pack("<IHHII", 2, len(DOMAIN), len(DOMAIN), 56, 0xa2898205) + bytes.fromhex("0123456789abcdef")
    + bytes(8) + struct.pack("<HHI", len(NAMES), len(NAMES), 56 + len(DOMAIN)) + bytes.fromhex("0601b11d0000000f")
    + DOMAIN + NAMES).decode()
RTS_A3 = struct.pack("<4B4sHHI HH 2I", 5, 0, 20, 3, b"\x10\0\0\0", 28, 0, 0, 0, 1, 2, 120000)
RTS_C2 = struct.pack("<4B4sHHI HH 6I", 5, 0, 20, 3, b"\x10\0\0\0", 44, 0, 0, 0, 3, 6, 1, 0, 65536, 2, 120000)


class Exchange(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def version_string(self):
        return "Microsoft-IIS/10.0"

    def log_message(self, *_):
        pass

    def __getattr__(self, name):  # any method is a method: PROPFIND, RPC_IN_DATA ...
        if name.startswith("do_"):
            return self.serve
        raise AttributeError(name)

    def answer(self, status, body=b"", kind="text/html; charset=utf-8", headers=(), exchange=True):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if body:
            self.send_header("Content-Type", kind)
        if exchange:
            self.send_header("X-FEServer", "EXWIRE-CAS1")
            self.send_header("X-Powered-By", "ASP.NET")
            self.send_header("request-id", "0e7f1c52-3b1d-4c7c-9b59-5a6f5d0f7e31")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def challenge(self, *schemes):
        self.answer(401, headers=[("WWW-Authenticate", scheme) for scheme in schemes])

    def serve(self):
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).lower()
        segment = path.strip("/").split("/")[0]
        if segment == "rpc" and "data" in self.command.lower() and "Authorization" in self.headers:
            self.outlook_anywhere()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        authorization = self.headers.get("Authorization", "")
        if segment == "ready":
            self.answer(200, exchange=False)
        elif segment not in EXCHANGE:
            self.answer(200, b"<html><body>not a mail server</body></html>", exchange=False)
        elif segment == "owa" and path == "/owa/auth.owa" and b"password=wrong" in body:
            self.answer(302, headers=[("Location", "/owa/auth/logon.aspx?url=http%3a%2f%2fmail.exwire.example%2fowa%2f&reason=2")])
        elif segment == "owa" and path == "/owa/auth.owa":
            cookies = ("cadata=EXWIRELAB0001; path=/; HttpOnly", "cadataKey=EXWIRELAB0002; path=/; HttpOnly")
            self.answer(302, headers=[("Location", "/owa/"), *(("Set-Cookie", cookie) for cookie in cookies)])
        elif self.is_wrong(authorization):
            self.challenge("Negotiate", "NTLM", 'Basic realm="mail.exwire.example"')
        elif authorization.startswith("NTLM TlRMTVNTUAAB"):  # type 1
            self.challenge("NTLM " + NTLM_CHALLENGE)
        elif segment in ("owa", "ecp") and not path.startswith(ANONYMOUS) and "cadata" not in self.headers.get("Cookie", ""):
            where = "/owa/auth/logon.aspx?url=http%3a%2f%2fmail.exwire.example%2f" + segment + "%2f&reason=0"
            self.answer(302, headers=[("Location", where), ("X-OWA-Version", "15.2.1118.7")])
        elif not authorization and segment not in ("owa", "ecp"):
            self.challenge("Negotiate", "NTLM", 'Basic realm="mail.exwire.example"')
        else:
            self.content(segment, body)

    @staticmethod
    def is_wrong(authorization):
        scheme, _, value = authorization.partition(" ")
        return scheme == "Basic" and base64.b64decode(value).partition(b":")[2].startswith(b"wrong")

    def activesync(self, body):
        status, document = policies.answer(self.path, self.headers, body) or (200, b"")
        headers = [("MS-Server-ActiveSync", "15.2")]
        if status == 503:
            headers += [("Retry-After", "60"), ("X-MS-ASThrottle", "RecentCommands")]
        if self.command == "OPTIONS":
            headers.append(("MS-ASProtocolVersions", "2.5,12.0,12.1,14.0,14.1,16.0,16.1"))
        if document and "gzip" in self.headers.get("Accept-Encoding", ""):
            self.packed(document, headers)
        else:
            self.answer(status, document, "application/vnd.ms-sync.wbxml", headers)

    def packed(self, document, headers):
        """Compressed and in chunks, as IIS does with dynamic compression."""
        octets = gzip.compress(document)
        kind = [("Content-Type", "application/vnd.ms-sync.wbxml"), ("Content-Encoding", "gzip")]
        self.in_chunks((octets[:10], octets[10:]), kind + headers, 0)  # zlib's header goes first

    def in_chunks(self, pieces, headers, pause):
        self.send_response(200)
        for name, value in [*headers, ("Transfer-Encoding", "chunked")]:
            self.send_header(name, value)
        self.end_headers()
        for number, piece in enumerate(pieces):
            time.sleep(pause if number > 0 else 0)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def content(self, segment, body):
        owa = [("X-OWA-Version", "15.2.1118.7")]
        if segment == "ews" and ews.operation_of(body) == "GetStreamingEvents":
            self.in_chunks(ews.streamed(), [("Content-Type", "text/xml; charset=utf-8"), *owa], 3)
        elif segment == "ews":
            self.answer(200, ews.answer(body), "text/xml; charset=utf-8", owa)
        elif segment == "mapi":
            kind = self.headers.get("X-RequestType", "")
            payload = b"DONE\r\nX-ElapsedTime: 3\r\n\r\n" + struct.pack("<4I", 0, 0, 60000, 6)
            headers = [("X-RequestType", kind), ("X-ResponseCode", "0")]
            if kind == "NotificationWait":  # PENDING keeps it alive (MS-OXCMAPIHTTP 2.2.7)
                pieces = (b"PROCESSING\r\n", b"PENDING\r\n", b"PENDING\r\n", payload)
                self.in_chunks(pieces, [("Content-Type", "application/mapi-http"), *headers], 3)
            else:
                self.answer(200, b"PROCESSING\r\n" + payload, "application/mapi-http", headers)
        elif self.command in ("PROPFIND", "SEARCH"):
            self.answer(207, b'<?xml version="1.0"?><a:multistatus xmlns:a="DAV:"/>', "text/xml")
        elif segment in ("oab", "autodiscover"):
            self.answer(200, b'<?xml version="1.0" encoding="utf-8"?><Exwire/>', "application/xml")
        elif segment == "powershell":
            self.answer(200, b"<s:Envelope/>", "application/soap+xml;charset=UTF-8")
        elif segment == "microsoft-server-activesync":
            self.activesync(body)
        else:
            self.answer(200, b"<html><head><title>Outlook</title></head><body></body></html>", headers=owa)

    def outlook_anywhere(self):
        """The two half channels of RPC over HTTP: declared as 1 GB, ended by the client."""
        self.close_connection = True
        if int(self.headers.get("Content-Length") or 0) == 0:
            self.answer(200)
            return
        if self.command == "RPC_OUT_DATA":
            self.rfile.read(76)  # CONN/A1
            self.send_response(200)
            self.send_header("Content-Type", "application/rpc")
            self.send_header("Content-Length", "1073741824")
            self.end_headers()
            self.wfile.write(RTS_A3)
            self.wfile.write(RTS_C2)
        self.connection.settimeout(30)
        while self.rfile.read1(4096):
            pass


class Server(http.server.ThreadingHTTPServer):
    def server_bind(self):  # without the look-up of a host name
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.server_address


def main():
    servers = [Server((sys.argv[1], int(port)), Exchange) for port in sys.argv[2:]]
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()


main()
