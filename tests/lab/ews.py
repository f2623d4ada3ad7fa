# SPDX-License-Identifier: BSD-3-Clause
"""Answers of the stub to Exchange Web Services: enough of MS-OXWSCORE for real clients to go on.

A mailbox with one empty inbox. What it does not know is refused with ErrorAccessDenied, as Exchange does.
"""
import re

HEAD = ('<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>'
        '<h:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="1118" MinorBuildNumber="7" '
        'Version="V2017_07_11" xmlns:h="http://schemas.microsoft.com/exchange/services/2006/types"/></s:Header>'
        '<s:Body xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" '
        'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">')
TAIL = "</s:Body></s:Envelope>"
FOLDER = ('<t:Folder><t:FolderId Id="AAMkExwire{0}=" ChangeKey="AQAAAA=="/><t:FolderClass>IPF.Note</t:FolderClass>'
          "<t:DisplayName>{0}</t:DisplayName><t:TotalCount>0</t:TotalCount><t:ChildFolderCount>0</t:ChildFolderCount>"
          "<t:UnreadCount>0</t:UnreadCount></t:Folder>")
OWNER = ('<m:AlternateId xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="t:AlternateIdType" Format="EwsId" '
         'Id="AAMkExwireroot=" Mailbox="phone1@exwire.example"/>')
KNOWN = {
    "FindItem": '<m:RootFolder TotalItemsInView="0" IncludesLastItemInRange="true"><t:Items/></m:RootFolder>',
    "FindFolder": '<m:RootFolder TotalItemsInView="0" IncludesLastItemInRange="true"><t:Folders/></m:RootFolder>',
    "CreateItem": "<m:Items/>",
    "Subscribe": "<m:SubscriptionId>JwBFeHdpcmU=</m:SubscriptionId>",
}


def messages(operation, answers):
    return f"<m:{operation}Response><m:ResponseMessages>{''.join(answers)}</m:ResponseMessages></m:{operation}Response>"


def message(operation, content, code="NoError"):
    kind = "Success" if code == "NoError" else "Error"
    text = "" if code == "NoError" else "<m:MessageText>Access is denied.</m:MessageText>"
    return (f'<m:{operation}ResponseMessage ResponseClass="{kind}">{text}<m:ResponseCode>{code}</m:ResponseCode>'
            f"{content}</m:{operation}ResponseMessage>")


def operation_of(body):
    found = re.search(r"<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)", body.decode("utf-8", "replace"))
    return found.group(1) if found else "GetFolder"


def streamed():
    """What a streaming subscription without news is told (MS-OXWSNTIF 3.1.4.2)."""
    for status in ("OK", "OK", "Closed"):
        content = f"<m:ConnectionStatus>{status}</m:ConnectionStatus>"
        operation = "GetStreamingEvents"
        yield (HEAD + messages(operation, [message(operation, content)]) + TAIL).encode()


def answer(body):
    operation = operation_of(body)
    if operation == "GetFolder":
        names = re.findall(rb'DistinguishedFolderId[^>]*\bId="(\w+)"', body) or [b"root"]
        folders = (f"<m:Folders>{FOLDER.format(name.decode())}</m:Folders>" for name in names)
        text = messages(operation, [message(operation, folder) for folder in folders])
    elif operation == "ConvertId":  # DavMail learns so whose mailbox it is
        text = messages(operation, [message(operation, OWNER)])
    elif operation in KNOWN:
        text = messages(operation, [message(operation, KNOWN[operation])])
    else:
        text = messages(operation, [message(operation, "", "ErrorAccessDenied")])
    return (HEAD + text + TAIL).encode()
