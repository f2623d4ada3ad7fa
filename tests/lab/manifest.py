# SPDX-License-Identifier: BSD-3-Clause
"""Writes manifest.tsv for a directory of captures: manifest.py DIRECTORY

One line per file: name, octets, sha256, packets, what. Fails if a capture is missing, unknown, empty or too large
for the repository.
"""
import hashlib
import pathlib
import subprocess
import sys

WHAT = {
    "activesync-tls.pcap": "phones to the server's port 443: TLS 1.3, TLS 1.2, one connection per request",
    "activesync-loopback-hop.pcap": "the same requests on the server's loopback, nginx to SOGo, plaintext",
    "activesync-plaintext.pcap": "phones to the server's port 80: credentials and WBXML in clear",
    "bridged-hop.pcap": "SSL bridging proxy 203.0.113.5 to the server's port 80, plaintext",
    "redirect-to-https.pcap": "requests without credentials on port 80, all sent to https",
    "redirect-with-credentials.pcap": "a phone that sends its password before it is sent to https",
    "owa-ews-plaintext.pcap": "the other Exchange endpoints on ports 80, 81 and 8080, in clear",
    "mobile-other-doors.pcap": "phones and desktops on EWS, MAPI over HTTP and OWA, a published calendar",
    "provisioning.pcap": "phones that are provisioned, partly, not at all, again and again; a server under load",
    "guessing.pcap": "password guessing from one source, spraying from another",
    "guessing-forms.pcap": "password guessing at the logon form of Outlook on the web",
    "mistyping.pcap": "four people who mistype their passwords before they log on",
    "activesync-bodies.pcap": "a phone that takes compressed answers in chunks and sends more than one segment",
    "front-end-hop.pcap": "Exchange 2003 and its hops to itself: directory behind SSL, behind forms logon, working",
    "ews-client.pcap": "python3-exchangelib on EWS, by Basic and by NTLM",
    "ews-davmail.pcap": "a mail program by way of DavMail on EWS, which calls itself a browser, by Basic",
    "ews-tls.pcap": "python3-exchangelib on EWS through the TLS front end, by Basic and by NTLM",
    "ews-loopback-hop.pcap": "the same requests on the server's loopback, nginx to the stub, plaintext",
    "attack-words.pcap": "curl and wget: honest requests that hold the words of attack tools in other places",
    "not-exchange.pcap": "paths that only look like Exchange's",
}
LARGEST, LARGEST_SUM = 300_000, 1_500_000


def main():
    directory = pathlib.Path(sys.argv[1])
    captures = sorted(directory.glob("*.pcap"))
    if {capture.name for capture in captures} != set(WHAT):
        sys.exit("manifest: the captures are not the ones this script knows")
    lines, total = ["name\toctets\tsha256\tpackets\twhat"], 0
    for capture in captures:
        octets = capture.read_bytes()
        total += len(octets)
        counted = subprocess.run(["capinfos", "-M", "-T", "-r", "-c", capture], check=True, capture_output=True, text=True)
        packets = int(counted.stdout.split("\t")[-1])
        if packets == 0 or len(octets) > LARGEST:
            sys.exit(f"manifest: {capture.name}: {packets} packets, {len(octets)} octets")
        digest = hashlib.sha256(octets).hexdigest()
        lines.append(f"{capture.name}\t{len(octets)}\t{digest}\t{packets}\t{WHAT[capture.name]}")
    if total > LARGEST_SUM:
        sys.exit(f"manifest: {total} octets in all")
    (directory / "manifest.tsv").write_text("\n".join(lines) + "\n")


main()
