# SPDX-License-Identifier: BSD-3-Clause
"""A TLS front end that lets its clients renegotiate, as those of old servers did: renegotiating_front.py LISTEN PORT
TARGET PORT CERTIFICATE KEY

Today's servers refuse it (nginx, and OpenSSL by default), so that an attack of many handshakes in one connection needs
one that does not.
"""
import asyncio
import ssl
import sys

SSL_OP_ALLOW_CLIENT_RENEGOTIATION = 1 << 8  # Python has no name for it


async def copy(reader, writer):
    try:
        while octets := await reader.read(65536):
            writer.write(octets)
            await writer.drain()
    except (OSError, ssl.SSLError):
        pass
    writer.close()


async def main():
    listen, port, target, target_port, certificate, key = sys.argv[1:]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.options |= SSL_OP_ALLOW_CLIENT_RENEGOTIATION

    async def relay(reader, writer):
        behind, to_behind = await asyncio.open_connection(target, int(target_port))
        await asyncio.gather(copy(reader, to_behind), copy(behind, writer))

    server = await asyncio.start_server(relay, listen, int(port), ssl=context, backlog=1000)
    await server.serve_forever()


asyncio.run(main())
