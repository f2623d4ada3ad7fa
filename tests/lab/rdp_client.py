#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The start of an RDP connection, for record_strangers: rdp_client.py ADDRESS PORT rdp|tls

Asks for a connection as mstsc does ([MS-RDPBCGR] 2.2.1.1, with a cookie and a negotiation request). With `tls` the
handshake follows in the same connection, with `rdp` the MCS Connect Initial is left unsaid.
"""
import socket
import ssl
import sys


def connection_request(protocols):
    cookie = b"Cookie: mstshash=phone1\r\n"
    negotiation = b"\x01\x00\x08\x00" + protocols.to_bytes(4, "little")
    x224 = b"\xe0\x00\x00\x00\x00\x00" + cookie + negotiation
    return b"\x03\x00" + (5 + len(x224)).to_bytes(2, "big") + bytes([len(x224)]) + x224


def main():
    address, port, layer = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    with socket.create_connection((address, port), timeout=5) as connection:
        connection.sendall(connection_request(1 if layer == "tls" else 0))
        confirm = connection.recv(4096)
        print(confirm.hex())
        if layer == "tls":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            with context.wrap_socket(connection) as secured:
                print(secured.version())


main()
