# SPDX-License-Identifier: BSD-3-Clause
"""The part of the stub that provisions phones as Exchange does (MS-ASPROV), for answers SOGo never gives.

A device without the key of its policy is sent to Provision: by HTTP 449 before protocol 14.0, by status 142
from then on. Provision gives a temporary key, and the final one to who acknowledges it. The policy allows devices
that cannot be provisioned: those of type OldPhone are served as they are, and who applies the policy only in part
gets the final key all the same.
"""
import urllib.parse

import wbxml

FINAL = "3942919513"
KIND = ("PolicyType", "MS-EAS-Provisioning-WBXML")
SERVED = {
    "FolderSync": ("FolderSync", [("FolderSync.Status", "1"), ("FolderSync.SyncKey", "1")]),
    "Sync": ("Sync", [("Collections", [("Collection", [("SyncKey", "1"), ("CollectionId", "5"), ("Sync.Status", "1")])])]),
    "Ping": ("Ping", [("Ping.Status", "1")]),
}
REFUSED = {
    "FolderSync": ("FolderSync", [("FolderSync.Status", "142")]),
    "Sync": ("Sync", [("Sync.Status", "142")]),
    "Ping": ("Ping", [("Ping.Status", "142")]),
}
temporary = {}  # device: key


def provision(device, body):
    said = wbxml.text(body, 14, 0x09)
    if said is None:
        temporary[device] = str(1000 + len(temporary))
        document = ("Data", [("EASProvisionDoc", [("DevicePasswordEnabled", "1")])])
        policy = [KIND, ("Policy.Status", "1"), ("PolicyKey", temporary[device]), document]
    elif said == temporary.get(device):
        policy = [KIND, ("Policy.Status", "1"), ("PolicyKey", FINAL)]
    else:
        policy = [KIND, ("Policy.Status", "5")]
    return 200, wbxml.build(("Provision", [("Policy.Status", "1"), ("Policies", [("Policy", policy)])]))


def answer(target, headers, body):
    """(status, WBXML or nothing) for a command; None when the request is no command."""
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(target).query))
    command, device = query.get("Cmd"), query.get("DeviceId")
    if command == "Provision":
        return provision(device, body)
    if command not in SERVED:
        return None
    if query.get("User", "").startswith("busy"):
        return 503, b""
    if headers.get("X-MS-PolicyKey") == FINAL or query.get("DeviceType") == "OldPhone":
        return 200, wbxml.build(SERVED[command])
    if headers.get("MS-ASProtocolVersion", "") >= "14.0":
        return 200, wbxml.build(REFUSED[command])
    return 449, b""
