#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What should not be on port 443, for record_tls: plain_443.py HTTP_ADDRESS SSH_ADDRESS

Plaintext HTTP at the first address, the greeting and first packet of an SSH server at the second.
"""
import http.server
import socketserver
import sys
import threading

# A key exchange offer (RFC 4253 7.1) as OpenSSH clients accept it.
LISTS = ["curve25519-sha256", "ssh-ed25519", "aes128-ctr", "aes128-ctr", "hmac-sha2-256",
         "hmac-sha2-256", "none", "none", "", ""]


def key_exchange_offer():
    payload = bytes([20]) + bytes(range(16))
    for names in LISTS:
        payload += len(names).to_bytes(4, "big") + names.encode()
    payload += bytes(5)
    padding = 8 - (len(payload) + 5) % 8 + 8
    return (len(payload) + padding + 1).to_bytes(4, "big") + bytes([padding]) + payload + bytes(padding)


class Http(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"up\n")


class Ssh(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"SSH-2.0-ExwireLab\r\n")
        self.request.settimeout(3)
        seen = b""
        while b"\n" not in seen:
            seen += self.request.recv(4096)
        self.request.sendall(key_exchange_offer())
        self.request.recv(4096)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True


def main():
    web = http.server.ThreadingHTTPServer((sys.argv[1], 443), Http)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    Server((sys.argv[2], 443), Ssh).serve_forever()


main()
