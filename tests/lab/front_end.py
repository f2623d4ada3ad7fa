# SPDX-License-Identifier: BSD-3-Clause
"""Answers phones as Exchange 2003 does, which asks its own mailbox directory on its LAN address: front_end.py ADDRESS MODE

MODE ssl     the directory requires SSL: every hop is answered 403, every phone 500 (KB 817379)
     forms   forms-based authentication is on: every hop is sent to the logon page, every phone gets 500
     works   only the first request of a hop is sent there, the following ones are served; a mailbox named
             "broken" has a reason of its own for a 500
"""
import http.client
import http.server
import sys
import threading
import urllib.parse

import policies
import wbxml

address, mode = sys.argv[1:3]
LOGON = f"http://{address}/exchweb/bin/auth/owalogon.asp?url=http://{address}/exchange&reason=0"
STATE = b'<?xml version="1.0"?><a:multistatus xmlns:a="DAV:"/>'
SECURE = b"<html><head><title>The page must be viewed over a secure channel</title></head></html>"


class Exchange2003(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def version_string(self):
        return "Microsoft-IIS/6.0"

    def log_message(self, *_):
        pass

    def __getattr__(self, name):  # any method is a method
        if name.startswith("do_"):
            return self.serve
        raise AttributeError(name)

    def answer(self, status, body=b"", kind="text/html", headers=()):
        self.send_response(status)
        for name, value in (("X-Powered-By", "ASP.NET"), ("Content-Type", kind), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/Microsoft-Server-ActiveSync"):
            self.phone(body)
        elif mode == "ssl":
            self.answer(403, SECURE)
        elif mode == "forms" or self.command == "GET":
            self.answer(302, headers=[("Location", LOGON)])
        else:
            self.answer(207, STATE, "text/xml")

    def phone(self, body):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        user = query["User"].rpartition("\\")[2]
        state = f"/exchange/{user}/NON_IPM_SUBTREE/Microsoft-Server-ActiveSync/{query['DeviceType']}/{query['DeviceId']}"
        hop = http.client.HTTPConnection(address, 80, timeout=10, source_address=(address, 0))
        for method, name in (("GET", "/AutdState.xml"), ("PROPFIND", ""), ("SEARCH", "")):
            hop.request(method, state + name, headers={"User-Agent": "Microsoft-Server-ActiveSync/6.5.7638.1"})
            response = hop.getresponse()
            response.read()
            if response.status == 403 or mode == "forms":
                break
        hop.close()
        if response.status != 207 or user == "broken":
            self.answer(500)
        else:
            document = wbxml.build(policies.SERVED[query["Cmd"]])
            self.answer(200, document, "application/vnd.ms-sync.wbxml", [("MS-Server-ActiveSync", "6.5.7638.1")])


class Server(http.server.ThreadingHTTPServer):
    def server_bind(self):  # without the look-up of a host name
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.server_address


threading.Thread(target=Server((address, 80), Exchange2003).serve_forever).start()
