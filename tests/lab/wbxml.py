# SPDX-License-Identifier: BSD-3-Clause
"""WBXML of ActiveSync, as much of it as the lab's phone needs: build(tree) -> octets, texts(octets) -> values.

Written by hand and on its own, so that a mistake in the sensor's reader is not repeated here.
Knows no attributes, no string table and only the tags listed below; it is not a general WBXML library.
"""

HEADER = b"\x03\x01\x6a\x00"  # version 1.3, public identifier unknown, UTF-8, no string table

TAGS = {  # name: (code page, token)
    "Sync": (0, 0x05), "Add": (0, 0x07), "SyncKey": (0, 0x0B), "ClientId": (0, 0x0C), "Collection": (0, 0x0F),
    "CollectionId": (0, 0x12), "GetChanges": (0, 0x13), "WindowSize": (0, 0x15), "Commands": (0, 0x16),
    "Options": (0, 0x17), "FilterType": (0, 0x18), "Collections": (0, 0x1C), "ApplicationData": (0, 0x1D),
    "Cal.TimeZone": (4, 0x05), "Cal.AllDayEvent": (4, 0x06), "Cal.BusyStatus": (4, 0x0D),
    "Cal.DtStamp": (4, 0x11), "Cal.EndTime": (4, 0x12), "Cal.Subject": (4, 0x26), "Cal.StartTime": (4, 0x27),
    "Cal.UID": (4, 0x28),
    "Sync.Status": (0, 0x0E), "Wait": (0, 0x24),
    "FolderSync.Status": (7, 0x0C), "FolderSync": (7, 0x16), "FolderSync.SyncKey": (7, 0x12),
    "Ping": (13, 0x05), "Ping.Status": (13, 0x07), "Ping.HeartbeatInterval": (13, 0x08), "Ping.Folders": (13, 0x09),
    "Ping.Folder": (13, 0x0A), "Ping.Id": (13, 0x0B), "Ping.Class": (13, 0x0C),
    "Provision": (14, 0x05), "Policies": (14, 0x06), "Policy": (14, 0x07), "PolicyType": (14, 0x08),
    "PolicyKey": (14, 0x09), "Data": (14, 0x0A), "Policy.Status": (14, 0x0B),
    "EASProvisionDoc": (14, 0x0D), "DevicePasswordEnabled": (14, 0x0E),
}


def build(tree):
    """tree: (tag, content), content: text, None for an empty element, or a list of trees."""
    out = bytearray(HEADER)
    page = 0

    def element(tag, content):
        nonlocal page
        wanted, token = TAGS[tag]
        if wanted != page:
            out.extend((0x00, wanted))  # SWITCH_PAGE
            page = wanted
        if content is None:
            out.append(token)
            return
        out.append(token | 0x40)
        if isinstance(content, str):
            out.extend(b"\x03" + content.encode() + b"\x00")  # STR_I
        else:
            for child in content:
                element(*child)
        out.append(0x01)  # END

    element(*tree)
    return bytes(out)


def texts(octets):
    """All text values in order: [((code page, token), text)]."""
    found, stack, page, at = [], [], 0, len(HEADER)
    while at < len(octets):
        token = octets[at]
        at += 1
        if token == 0x00:
            page = octets[at]
            at += 1
        elif token == 0x01:
            stack.pop()
        elif token == 0x03:
            end = octets.index(0, at)
            found.append((stack[-1], octets[at:end].decode()))
            at = end + 1
        elif token == 0xC3:  # OPAQUE: a length in groups of seven bits
            length = 0
            while True:
                length = length << 7 | octets[at] & 0x7F
                at += 1
                if not octets[at - 1] & 0x80:
                    break
            at += length
        elif token & 0x40:
            stack.append((page, token & 0x3F))
    return found


def text(octets, page, token):
    """The first value of one tag, or None."""
    return next((value for tag, value in texts(octets) if tag == (page, token)), None)
