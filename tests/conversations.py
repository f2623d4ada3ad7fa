# SPDX-License-Identifier: BSD-3-Clause
"""Captures of whole conversations, a request and its answer each, for tests that need thousands of their own: write(path, conversations)."""
import struct

from floods import ACK, FIN, PSH, SERVER, SYN, frame

SEGMENT = 1400
ANSWER = b"HTTP/1.1 200 OK\r\nServer: Microsoft-IIS/10.0\r\nContent-Length: 0\r\n\r\n"


def client_of(number):
    """Address and port by which conversation `number` is found again."""
    return bytes([10, 9, number >> 8 & 255, number & 255]), 40000


def frames(number, request, answer=ANSWER, server_port=80):
    client, port = client_of(number)
    mine, theirs = 1000, 9000
    yield frame(client, SERVER, port, server_port, mine, 0, SYN)
    yield frame(SERVER, client, server_port, port, theirs, mine + 1, SYN | ACK)
    mine, theirs = mine + 1, theirs + 1
    yield frame(client, SERVER, port, server_port, mine, theirs, ACK)
    for at in range(0, len(request), SEGMENT):
        piece = request[at:at + SEGMENT]
        yield frame(client, SERVER, port, server_port, mine, theirs, ACK | PSH, piece)
        mine += len(piece)
    for at in range(0, len(answer), SEGMENT):
        piece = answer[at:at + SEGMENT]
        yield frame(SERVER, client, server_port, port, theirs, mine, ACK | PSH, piece)
        theirs += len(piece)
    yield frame(client, SERVER, port, server_port, mine, theirs, ACK | FIN)
    yield frame(SERVER, client, server_port, port, theirs, mine + 1, ACK | FIN)
    yield frame(client, SERVER, port, server_port, mine + 1, theirs + 1, ACK)


def write(path, conversations, server_port=80):
    """`conversations`: (request, answer) in order; a millisecond between any two packets."""
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        sent = 0
        for number, (request, answer) in enumerate(conversations):
            for one in frames(number, request, answer, server_port):
                out.write(struct.pack("<IIII", 1800000000 + sent // 1000, sent % 1000 * 1000, len(one), len(one)) + one)
                sent += 1
