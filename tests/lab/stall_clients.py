#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Clients of the stall recording, and the server behind nginx.

  answer            answers every request on 127.0.0.1:8000 after the seconds its path names
  poll SECONDS [PHONES [SERVER]]  twelve honest phones, or more: long polls that wait for their answer, clear and TLS
  silent SECONDS [SERVER [PORT]]      60 connections that send nothing
  handshake SECONDS [SERVER [PORT]]   60 that send half a ClientHello
  no_request SECONDS [SERVER [PORT]]  60 that finish TLS and send nothing
"""
import asyncio
import ssl
import sys

SERVER = "192.0.2.20"


def tls():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def answer(reader, writer):
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            await asyncio.sleep(int(head.split(b" ")[1].rsplit(b"/", 1)[1] or b"0"))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    except asyncio.IncompleteReadError:
        writer.close()


async def poll(number, seconds, server):
    secure = tls() if number % 2 else None
    reader, writer = await asyncio.open_connection(
        server, 443 if secure else 80, ssl=secure, local_addr=(f"192.0.2.{100 + number}", 0))
    for wait in (1, seconds - 4):
        writer.write(f"GET /wait/{wait} HTTP/1.1\r\nHost: mail.exwire.example\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " in head:
            await reader.readexactly(2)
    writer.close()


async def hold(kind, seconds, server, port):
    source = {"silent": "192.0.2.66", "handshake": "192.0.2.67", "no_request": "192.0.2.68"}[kind]
    secure = tls() if kind == "no_request" else None
    held = []
    for _ in range(60):
        reader, writer = await asyncio.open_connection(
            server, port, ssl=secure, local_addr=(source, 0))
        if kind == "handshake":
            writer.write(bytes.fromhex("16030100c8010000c40303") + bytes(40))
        held.append((reader, writer))
    await asyncio.sleep(seconds)
    for _, writer in held:
        writer.close()


async def main():
    what, seconds, *more = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0, *sys.argv[3:]
    if what == "answer":
        server = await asyncio.start_server(answer, "127.0.0.1", 8000, backlog=1000)
        await server.serve_forever()
    elif what == "poll":
        phones, server = int(more[0]) if more else 12, more[1] if len(more) > 1 else SERVER
        await asyncio.gather(*(poll(number, seconds, server) for number in range(1, phones + 1)))
    else:
        port = int(more[1]) if len(more) > 1 else 80 if what == "silent" else 443
        await hold(what, seconds, more[0] if more else SERVER, port)


asyncio.run(main())
