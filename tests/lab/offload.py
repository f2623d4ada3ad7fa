# SPDX-License-Identifier: BSD-3-Clause
"""Switches checksum and segmentation offload of one interface off: offload.py INTERFACE

Between namespaces the kernel otherwise hands over 64 kB frames with unfinished checksums, which no wire carries.
Does what `ethtool -K INTERFACE tx off tso off gso off gro off` does, without the ethtool package.
"""
import array
import fcntl
import socket
import struct
import sys

SIOCETHTOOL = 0x8946
SETTINGS = {"tx checksum": 0x17, "tso": 0x1F, "gso": 0x24, "gro": 0x2C}  # ETHTOOL_S*, linux/ethtool.h


def main():
    interface = sys.argv[1].encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for name, command in SETTINGS.items():
            value = array.array("B", struct.pack("II", command, 0))
            try:
                fcntl.ioctl(control, SIOCETHTOOL, struct.pack("16sQ16x", interface, value.buffer_info()[0]))
            except OSError as error:
                print(f"offload: {sys.argv[1]}: {name}: {error}", file=sys.stderr)


main()
