# SPDX-License-Identifier: BSD-3-Clause
"""Hellos and certificates of TLS 1.2 (RFC 5246 7.4, RFC 5280 4.1) put together octet by octet, for names that no
library would write: client_hello(), server_flight(), certificate()."""

UTF8, PRINTABLE, IA5 = 0x0c, 0x13, 0x16  # kinds of ASN.1 strings
# id-ecPublicKey on prime256v1, and the base point of that curve for a key.
KEY = bytes.fromhex(
    "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
COMMON_NAME, ALTERNATIVE_NAMES = bytes.fromhex("0603550403"), bytes.fromhex("0603551d11")


def vector(octets, length_octets):
    return len(octets).to_bytes(length_octets, "big") + octets


def der(tag, *parts):
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes(2, "big")
    return bytes([tag, 0x82]) + length + content


def name(kind, text):
    return der(0x30, der(0x31, der(0x30, COMMON_NAME, der(kind, text))))


def certificate(subject, issuer, alternative):
    """`subject`, `issuer`: a kind of string and the octets of a common name. Nobody's key has signed it."""
    validity = der(0x30, der(0x17, b"240101000000Z"), der(0x17, b"440101000000Z"))
    names = der(0x30, ALTERNATIVE_NAMES, der(4, der(0x30, der(0x82, alternative))))
    signed = der(0x30, der(0xa0, der(2, b"\x02")), der(2, b"\x07"), ECDSA_SHA256, name(*issuer), validity, name(*subject),
                 KEY, der(0xa3, der(0x30, names)))
    return der(0x30, signed, ECDSA_SHA256, der(3, b"\0" + der(0x30, der(2, b"\x01"), der(2, b"\x01"))))


def record(content_type, octets):
    return bytes([content_type, 3, 3]) + vector(octets, 2)


def message(kind, body):
    return bytes([kind]) + vector(body, 3)


def extension(kind, content):
    return kind.to_bytes(2, "big") + vector(content, 2)


def protocols(*names):
    return extension(16, vector(b"".join(vector(one, 1) for one in names), 2))


def hello(kind, rest, extensions):
    return record(22, message(kind, b"\x03\x03" + b"r" * 32 + b"\0" + rest + vector(extensions, 2)))


def client_hello(server_name, *protocol_names):
    asked = extension(0, vector(b"\0" + vector(server_name, 2), 2))
    return hello(1, vector(b"\xc0\x2b", 2) + b"\1\0", asked + protocols(*protocol_names))


def server_flight(chain, protocol):
    shown = message(11, vector(b"".join(vector(one, 3) for one in chain), 3))
    return hello(2, b"\xc0\x2b\0", protocols(protocol)) + record(22, shown) + record(22, message(14, b""))
