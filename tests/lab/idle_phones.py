#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The ends of tests/lab/idle: phones that wait for mail over TLS, the server they wait at, and a
proxy in between that closes idle connections, or a bridge that takes the TLS off. The octets are
ActiveSync Pings; times may be short.

Usage: idle_phones.py server CERTIFICATE KEY
       idle_phones.py proxy SECONDS ADDRESS
       idle_phones.py bridge CERTIFICATE KEY ADDRESS
       idle_phones.py phones SECONDS TIMEOUT ADDRESS 1.2|1.3 steady|once|lost
(TIMEOUT scales heartbeats; once: a connection for every Ping; lost: out of coverage now and then)
"""
import asyncio
import random
import ssl
import subprocess
import sys
import time

ANSWER = bytes.fromhex("03016a00000d45470331000101")


def ping(heartbeat):
    body = bytes.fromhex("03016a00000d454803") + b"%d" % heartbeat + bytes.fromhex("0001") + \
        bytes.fromhex("494a4b033500014c03456d61696c0001010101")
    return (b"POST /Microsoft-Server-ActiveSync?Cmd=Ping&User=anna&DeviceId=LAB%d&DeviceType=Lab "
            b"HTTP/1.1\r\nHost: mail.exwire.example\r\nUser-Agent: Lab/1.0\r\n"
            b"Authorization: Basic bm8tb25lOm5vdGhpbmc=\r\nMS-ASProtocolVersion: 14.1\r\n"
            b"X-MS-PolicyKey: 1111111111\r\nContent-Type: application/vnd.ms-sync.wbxml\r\n"
            b"Content-Length: %d\r\n\r\n" % (heartbeat, len(body))) + body


async def read_message(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    return head, await reader.readexactly(length)


async def answer(reader, writer):
    mail = random.Random(writer.get_extra_info("peername")[1])
    try:
        while True:
            _, body = await read_message(reader)
            heartbeat = int(body[9:body.index(b"\0", 9)])
            # One in five waits ends early, because mail has come.
            await asyncio.sleep(heartbeat * (mail.uniform(0.3, 0.9) if mail.random() < 0.2 else 1))
            writer.write(b"HTTP/1.1 200 OK\r\nServer: Microsoft-IIS/10.0\r\nContent-Type: "
                         b"application/vnd.ms-sync.wbxml\r\nMS-Server-ActiveSync: 15.2\r\n"
                         b"Content-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER)
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    writer.close()


async def serve(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(answer, "0.0.0.0", 443, ssl=context)
    clear = await asyncio.start_server(answer, "0.0.0.0", 80)
    await asyncio.gather(server.serve_forever(), clear.serve_forever())


async def bridge(certificate, key, address):
    """Speaks clear text to the server, from the source port the phone has: so the legs can be paired."""
    async def carry(source, target):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
        target.close()

    async def between(reader, writer):
        port = writer.get_extra_info("peername")[1]
        there, back = await asyncio.open_connection(address, 80, local_addr=("198.51.100.1", port))
        await asyncio.gather(carry(reader, back), carry(there, writer), return_exceptions=True)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(between, "0.0.0.0", 443, ssl=context)
    await server.serve_forever()


async def proxy(seconds, address):
    async def carry(source, target, heard):
        while data := await source.read(65536):
            heard[0] = time.monotonic()
            target.write(data)
            await target.drain()

    async def between(reader, writer):
        heard = [time.monotonic()]
        there, back = await asyncio.open_connection(address, 443)
        ways = [asyncio.create_task(carry(reader, back, heard)),
                asyncio.create_task(carry(there, writer, heard))]
        while not any(way.done() for way in ways):
            left = heard[0] + seconds - time.monotonic()
            if left <= 0:
                break
            await asyncio.wait(ways, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        writer.close()
        back.close()

    server = await asyncio.start_server(between, "0.0.0.0", 443)
    await server.serve_forever()


async def phone(number, timeout, address, version, kind):
    """Raises its heartbeat while answers come, goes back when one does not."""
    chance = random.Random(number)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = context.maximum_version = ssl.TLSVersion["TLSv" + version.replace(".", "_")]
    source = f"192.0.2.{100 + number}"
    heartbeat = max(1, round(timeout * chance.uniform(0.3, 0.6)))
    step = max(1, round(timeout * 0.2))
    await asyncio.sleep(number * 0.37)
    while True:
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(
                address, 443, ssl=context, local_addr=(source, 0)), 5)
            while True:
                writer.write(ping(heartbeat))
                if kind == "lost" and chance.random() < 0.1:  # out of coverage for a while
                    subprocess.run(["ip", "address", "del", f"{source}/24", "dev", "to-box"])
                    await asyncio.sleep(heartbeat + 6)
                    subprocess.run(["ip", "address", "add", f"{source}/24", "dev", "to-box"])
                    raise OSError("lost")
                await asyncio.wait_for(read_message(reader), heartbeat + 1.5)
                heartbeat = min(heartbeat + step, round(timeout * 2))
                await asyncio.sleep(chance.uniform(0.05, 0.3))
                if kind == "once":
                    break
            writer.close()
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            heartbeat = max(1, heartbeat - 2 * step)
            try:
                writer.close()
            except (OSError, UnboundLocalError):
                pass
            await asyncio.sleep(0.1)


async def phones(seconds, timeout, address, version, kind):
    tasks = [asyncio.create_task(phone(number, timeout, address, version, kind))
             for number in range(1, 13)]
    await asyncio.wait(tasks, timeout=seconds)
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    if sys.argv[1] == "server":
        asyncio.run(serve(*sys.argv[2:4]))
    elif sys.argv[1] == "bridge":
        asyncio.run(bridge(*sys.argv[2:5]))
    elif sys.argv[1] == "proxy":
        asyncio.run(proxy(float(sys.argv[2]), sys.argv[3]))
    else:
        asyncio.run(phones(float(sys.argv[2]), float(sys.argv[3]), *sys.argv[4:7]))
