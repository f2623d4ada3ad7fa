# SPDX-License-Identifier: BSD-3-Clause
"""Clients that come in by one door or another: doors.py SCENE ADDRESS PASSWORD

mobile    phones and desktops on EWS, MAPI over HTTP and OWA; a published calendar
bodies    a phone that takes compressed answers and sends long requests
policies  phones that let themselves be provisioned, in each way, and phones that do not
hop       two phones at a server of Exchange 2003; hop-fails  the same, and it cannot serve them
guessing, spraying, forms  somebody who tries passwords; mistyping  people who mistype theirs
Plaintext, for what is under test is who comes, not how. Prints one line per answer, exits with 1 on an unexpected one.
"""
import base64
import gzip
import http.client
import sys

import wbxml

HOST = "mail.exwire.example"
XML, WBXML = "text/xml; charset=utf-8", "application/vnd.ms-sync.wbxml"
SOAP = (b'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">'
        b'<soap:Body><FindItem xmlns="http://schemas.microsoft.com/exchange/services/2006/messages"/>'
        b"</soap:Body></soap:Envelope>")
SAFARI = ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
          "Version/17.1 Mobile/15E148 Safari/604.1")
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:115.0) Gecko/20100101 Firefox/115.0"

scene, address, password = sys.argv[1:4]
failed = False


def basic(user, secret=None):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{secret or password}".encode()).decode()}


class Client:
    def __init__(self, agent, user="phone1@exwire.example", secret=None):
        self.agent, self.credentials = agent, basic(user, secret)
        self.connection = http.client.HTTPConnection(address, 80, timeout=30)

    def send(self, method, target, body=None, expect=200, anonymous=False, **headers):
        global failed
        fields = {"Host": HOST, "User-Agent": self.agent}
        fields |= {} if anonymous else self.credentials
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, target, body, fields)
        response = self.connection.getresponse()
        answer = response.read()
        if response.getheader("Content-Encoding") == "gzip":
            answer = gzip.decompress(answer)
        print(f"{method} {target} {response.status}", flush=True)
        if response.status != expect:
            print(f"doors: expected {expect}", file=sys.stderr)
            failed = True
        return answer

    def close(self):
        self.connection.close()


class Phone(Client):
    def __init__(self, agent, kind, device, version, user="phone1@exwire.example"):
        super().__init__(agent, user)
        self.kind, self.device, self.version, self.user, self.key = kind, device, version, user, "0"
        self.more = {}

    def command(self, name, tree=None, expect=200):
        target = f"/Microsoft-Server-ActiveSync?Cmd={name}&User={self.user}&DeviceId={self.device}&DeviceType={self.kind}"
        headers = {"MS_ASProtocolVersion": self.version, "X_MS_PolicyKey": self.key, "Content_Type": WBXML}
        return self.send("POST", target, wbxml.build(tree) if tree else b"", expect, **headers, **self.more)

    def sync(self, expect=200):
        collection = [("SyncKey", "0"), ("CollectionId", "5")]
        return self.command("Sync", ("Sync", [("Collections", [("Collection", collection)])]), expect)

    def ping(self, seconds):
        folder = ("Ping.Folder", [("Ping.Id", "5"), ("Ping.Class", "Email")])
        return self.command("Ping", ("Ping", [("Ping.HeartbeatInterval", str(seconds)), ("Ping.Folders", [folder])]))

    def provision(self, applied):
        kind = ("PolicyType", "MS-EAS-Provisioning-WBXML")
        answer = self.command("Provision", ("Provision", [("Policies", [("Policy", [kind])])]))
        self.key = wbxml.text(answer, 14, 0x09)
        said = [kind, ("PolicyKey", self.key), ("Policy.Status", applied)]
        answer = self.command("Provision", ("Provision", [("Policies", [("Policy", said)])]))
        self.key = wbxml.text(answer, 14, 0x09)


def scene_mobile():
    for agent in ("Android-Mail/2023.01.15.502217246.Release", "MacOutlook/16.78.23100802 (Intel Mac OS X 13.6)",
                  "ExchangeServicesClient/15.00.0913.015"):
        client = Client(agent)
        client.send("POST", "/EWS/Exchange.asmx", SOAP, 401, anonymous=True, Content_Type=XML)
        client.send("POST", "/EWS/Exchange.asmx", SOAP, Content_Type=XML)
        client.close()
    client = Client("TouchDown(MSRPC)/8.4.00086/", "phone2@exwire.example")
    client.send("POST", "/mapi/emsmdb/?MailboxId=4c0b8f7e@exwire.example", b"\0" * 16, Content_Type="application/mapi-http",
                X_RequestType="Connect", X_RequestId="{E2EA6C1C-E61B-49E9-9CFB-38184F907552}:1")
    client.close()
    for agent in (SAFARI, FIREFOX):  # the logon page is for everybody
        client = Client(agent)
        client.send("GET", "/owa/", None, 302, anonymous=True)
        client.send("GET", "/owa/auth/logon.aspx?replaceCurrent=1", anonymous=True)
        client.send("POST", "/owa/auth.owa", f"username=EXWIRE%5Cphone3&password={password}".replace("!", "%21"), 302,
                    anonymous=True, Content_Type="application/x-www-form-urlencoded")
        client.send("GET", "/owa/", anonymous=True, Cookie="cadata=EXWIRELAB0001; cadataKey=EXWIRELAB0002")
        client.close()
    client = Client(SAFARI)
    client.send("GET", "/owa/calendar/room1@exwire.example/Calendar/calendar.html", anonymous=True)
    client.close()


def scene_policies():
    good = Phone("Apple-iPhone14C2/1909.100", "iPhone", "GOOD0001", "14.1")
    good.sync()  # refused by status
    good.provision("1")
    good.sync()
    good.ping(1)
    android = Phone("Android/4.4.2-EAS-2.0", "Android", "android1400000000001", "12.1", "phone2@exwire.example")
    android.command("FolderSync", ("FolderSync", [("FolderSync.SyncKey", "0")]), 449)
    android.provision("1")
    android.sync()
    partly = Phone("SAMSUNG-SM-G991B/101.130", "SamsungDevice", "PARTLY0001", "14.1")
    partly.provision("2")
    partly.sync()
    old = Phone("MSFT-SPhone/5.2.5082", "OldPhone", "OLD0001", "2.5", r"EXWIRE%5Cphone3")
    old.sync()
    loop = Phone("Moto-DROID2/4.5.1", "MotoDROID2", "LOOP0001", "12.1", "phone2@exwire.example")
    for _ in range(8):
        loop.sync(449)
    busy = Phone("Apple-iPad11C3/1909.100", "iPad", "BUSY0001", "14.1", "busy@exwire.example")
    busy.sync(503)
    for phone in (good, android, partly, old, loop, busy):
        phone.close()


def scene_guessing():
    guess = Client("python-requests/2.28.1", "admin@exwire.example", "wrong")
    for number in range(35):
        guess.credentials = basic("admin@exwire.example", f"wrong{number}")
        guess.send("POST", "/EWS/Exchange.asmx", SOAP, 401, Content_Type=XML)
    guess.close()


def scene_spraying():
    spray = Client("Mozilla/5.0")
    for number in range(14):
        spray.credentials = basic(f"user{number}@exwire.example", "wrong-Winter2026")
        spray.send("GET", "/Autodiscover/Autodiscover.xml", None, 401)
    spray.close()


def scene_forms():
    web = Client("Mozilla/5.0 (X11; Linux x86_64)")
    web.send("GET", "/owa/auth/logon.aspx?replaceCurrent=1", anonymous=True)
    for number in range(34):
        web.send("POST", "/owa/auth.owa", f"destination=http%3A%2F%2Fmail%2Fowa&username=admin&password=wrong{number}", 302,
                 anonymous=True, Content_Type="application/x-www-form-urlencoded")
    web.close()


def scene_mistyping():
    for number in range(4):
        client = Client("MacOutlook/16.78.23100802 (Intel Mac OS X 13.6)", f"user{number}@exwire.example", "wrong")
        client.send("POST", "/EWS/Exchange.asmx", SOAP, 401, anonymous=True, Content_Type=XML)
        for _ in range(3):
            client.send("POST", "/EWS/Exchange.asmx", SOAP, 401, Content_Type=XML)
        client.credentials = basic(f"user{number}@exwire.example")
        for _ in range(3):
            client.send("POST", "/EWS/Exchange.asmx", SOAP, Content_Type=XML)
        client.close()


def scene_bodies():
    phone = Phone("Apple-iPhone14C2/1909.100", "iPhone", "PACKED0001", "14.1")
    phone.more = {"Accept_Encoding": "gzip, deflate"}
    phone.sync()  # refused by status
    phone.provision("1")
    phone.sync()
    subject = " ".join(f"Agenda item {number}" for number in range(600))
    event = [("ClientId", "1"), ("ApplicationData", [("Cal.Subject", subject)])]
    collection = [("SyncKey", "1"), ("CollectionId", "5"), ("Commands", [("Add", event)])]
    phone.command("Sync", ("Sync", [("Collections", [("Collection", collection)]), ("Wait", "9")]))
    phone.ping(480)
    phone.close()


def scene_hop(expect=200):
    for kind, device, user in (("PocketPC", "HOP0001", "phone1"), ("SmartPhone", "HOP0002", r"EXWIRE%5Cphone3")):
        phone = Phone("MSFT-PPC/5.1.2301", kind, device, "2.5", user)
        phone.command("FolderSync", ("FolderSync", [("FolderSync.SyncKey", "0")]), expect)
        phone.sync(expect)
        phone.close()
    broken = Phone("MSFT-PPC/5.1.2301", "PocketPC", "HOP0003", "2.5", "broken")
    broken.sync(500)
    broken.close()


SCENES = {"bodies": scene_bodies, "hop": scene_hop, "hop-fails": lambda: scene_hop(500), "mobile": scene_mobile, "policies": scene_policies, "guessing": scene_guessing, "spraying": scene_spraying, "forms": scene_forms,
          "mistyping": scene_mistyping}
SCENES[scene]()
sys.exit(1 if failed else 0)
