# SPDX-License-Identifier: BSD-3-Clause
"""A real gateway to Exchange Web Services, DavMail, and a mail program behind it: davmail.py URL PASSWORD DIRECTORY

The mail program looks into the inbox by IMAP and sends a message by SMTP; DavMail makes of it what it asks Exchange
for, and calls itself a browser. DIRECTORY takes its settings and its log.
"""
import imaplib
import pathlib
import smtplib
import socket
import subprocess
import sys
import time

PROGRAM = "/usr/share/davmail/davmail.jar"
IMAP, SMTP = 11143, 11025
USER = "phone1@exwire.example"
SETTINGS = f"""davmail.server=true
davmail.mode=EWS
davmail.url={{url}}/EWS/Exchange.asmx
davmail.imapPort={IMAP}
davmail.smtpPort={SMTP}
davmail.popPort=
davmail.ldapPort=
davmail.caldavPort=
davmail.allowRemote=false
davmail.disableUpdateCheck=true
davmail.logFilePath={{directory}}/davmail.log
log4j.rootLogger=WARN
"""
MESSAGE = f"From: {USER}\r\nTo: phone2@exwire.example\r\nSubject: Lab\r\n\r\nA message of the lab.\r\n"


def wait_until_ready(gateway):
    for _ in range(150):
        try:
            socket.create_connection(("127.0.0.1", SMTP), 1).close()
            return
        except OSError:
            if gateway.poll() is not None:
                break
            time.sleep(0.2)
    sys.exit("davmail: the gateway did not become ready")


def use_mail(password):
    inbox = imaplib.IMAP4("127.0.0.1", IMAP)
    inbox.login(USER, password)
    print(inbox.select("INBOX"), flush=True)
    inbox.logout()
    with smtplib.SMTP("127.0.0.1", SMTP) as post:
        post.login(USER, password)
        post.sendmail(USER, ["phone2@exwire.example"], MESSAGE)


def main():
    url, password, directory = sys.argv[1:4]
    settings = pathlib.Path(directory, "davmail.properties")
    settings.write_text(SETTINGS.format(url=url, directory=directory))
    command = ["java", "-Djava.awt.headless=true", f"-Duser.home={directory}", "-jar", PROGRAM, "-server", settings]
    gateway = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_until_ready(gateway)
        use_mail(password)
    finally:
        gateway.kill()
        gateway.wait()


main()
