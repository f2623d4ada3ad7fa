# SPDX-License-Identifier: BSD-3-Clause
"""Clients that wait for news, and the same ones at work: wait_clients.py ADDRESS PASSWORD

EWS by python3-exchangelib, MAPI over HTTP and the channels of Outlook Anywhere by http.client, in clear; each of
its own address, 192.0.2.101 to .106. Needs Debian's own python3.
"""
import base64
import http.client
import sys
import threading
import time

import requests.adapters
from exchangelib import BASIC, DELEGATE, Account, Configuration, Credentials, Message, Version
from exchangelib.protocol import BaseProtocol
from exchangelib.version import EXCHANGE_2016

address, password = sys.argv[1:3]
AUTHORIZATION = "Basic " + base64.b64encode(f"phone1@exwire.example:{password}".encode()).decode()


class From(requests.adapters.HTTPAdapter):
    source = None

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, source_address=(From.source, 0), **kwargs)


def account_of(source):
    From.source = source
    BaseProtocol.HTTP_ADAPTER_CLS = From
    settings = Configuration(service_endpoint=f"http://{address}/EWS/Exchange.asmx", auth_type=BASIC,
                             version=Version(build=EXCHANGE_2016),
                             credentials=Credentials(f"{source}@exwire.example", password))
    return Account("phone1@exwire.example", config=settings, autodiscover=False, access_type=DELEGATE)


def mapi(source, *kinds):
    connection = http.client.HTTPConnection(address, 80, source_address=(source, 0))
    for kind in kinds:
        connection.request("POST", "/mapi/emsmdb/?MailboxId=phone1@exwire.example", bytes(8), {
            "Authorization": AUTHORIZATION, "Content-Type": "application/mapi-http", "X-RequestType": kind})
        connection.getresponse().read()
    connection.close()


def channel(source, method, opening, octets):
    connection = http.client.HTTPConnection(address, 80, source_address=(source, 0))
    connection.putrequest(method, "/rpc/rpcproxy.dll?mail.exwire.example:6001")
    for name, value in (("Authorization", AUTHORIZATION), ("Accept", "application/rpc"), ("Content-Length", octets)):
        connection.putheader(name, str(value))
    connection.endheaders(opening)
    time.sleep(6)
    connection.close()


def main():
    others = [threading.Thread(target=mapi, args=("192.0.2.103", "Connect", "NotificationWait")),
              threading.Thread(target=mapi, args=("192.0.2.104", "Connect", "Execute", "Disconnect")),
              threading.Thread(target=channel, args=("192.0.2.105", "RPC_OUT_DATA", bytes(76), 76)),
              threading.Thread(target=channel, args=("192.0.2.106", "RPC_IN_DATA", bytes(104), 1 << 30))]
    for other in others:
        other.start()
    waiting = account_of("192.0.2.101")
    print(list(waiting.inbox.get_streaming_events(waiting.inbox.subscribe_to_streaming(), connection_timeout=1)))
    waiting.protocol.close()
    at_work = account_of("192.0.2.102")
    Message(account=at_work, subject="Lab", body="How does <m:GetStreamingEvents> work?",
            to_recipients=["phone2@exwire.example"]).send()
    at_work.protocol.close()
    for other in others:
        other.join()


main()
