# SPDX-License-Identifier: BSD-3-Clause
"""A real client of Exchange Web Services, python3-exchangelib: ews_client.py URL PASSWORD

Looks into the inbox and sends a message, with Basic and with NTLM. The URL is http, or https with any certificate.
Needs Debian's own python3.
"""
import sys

import requests.adapters
from exchangelib import BASIC, DELEGATE, NTLM, Account, Configuration, Credentials, Message, Version
from exchangelib.errors import ErrorAccessDenied
from exchangelib.protocol import BaseProtocol, NoVerifyHTTPAdapter
from exchangelib.version import EXCHANGE_2016

url, password = sys.argv[1:3]
BaseProtocol.HTTP_ADAPTER_CLS = NoVerifyHTTPAdapter if url.startswith("https") else requests.adapters.HTTPAdapter
for kind, user in ((BASIC, "phone1@exwire.example"), (NTLM, r"EXWIRE\phone3")):
    settings = Configuration(service_endpoint=f"{url}/EWS/Exchange.asmx", auth_type=kind,
                             version=Version(build=EXCHANGE_2016), credentials=Credentials(user, password))
    account = Account("phone1@exwire.example", config=settings, autodiscover=False, access_type=DELEGATE)
    print(len(list(account.inbox.all()[:5])), "items in the inbox", flush=True)
    Message(account=account, subject="Lab", body="A message of the lab.", to_recipients=["phone2@exwire.example"]).send()
    try:
        print(list(account.protocol.resolve_names(["phone1"])))
    except ErrorAccessDenied:
        pass
    account.protocol.close()
