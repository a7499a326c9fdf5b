"""What the simulated AI CROSS says of a message it took: an entry of status.json (2.4.2) and the DLR (2.5.1)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec

JST = timezone(timedelta(hours=9))
CARRIERS = {"101": ("AU", "11"), "103": ("NTT Docomo", "31"), "105": ("Softbank", "51"), "106": ("Rakuten", "61")}
"""carrierId to carrierName (2.5.1; the last name is in no sample) and module (3.4)."""
STATES = {0: "Unknown", 1: "Message is Sending", 2: "Message delivered", 3: "Message delivery failed"}

RAW = ("code", "submission_status", "msgState", "submission_err_code", "ntwkErr", "commandStatus", "networkErrorCode")
"""The fields of rawdata that the samples show (2.5.1)."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A message the vendor took."""

    client_id: str
    client_tag: str
    message_id: str
    """31 characters, as in the samples; the tables promise 32."""
    number: str
    text: str
    sms_code: str
    carrier: str
    category: str
    """Last three digits of the detailedStatusId of a failure; empty: delivered."""
    taken_at: datetime
    settled_at: datetime

    @property
    def outcome(self) -> int:
        """The statusId it ends with."""
        return 3 if self.category else 2

    @property
    def detailed(self) -> str:
        """5 digits on failure (3.4), else the statusId as the samples show it (2.4.2)."""
        return CARRIERS[self.carrier][1] + self.category if self.category else "2"

    @property
    def billed(self) -> int:
        return 0 if self.category else -(-len(self.text) // 70)


def entry(taken: Taken, now: datetime) -> dict[str, Any]:
    """One message in status.json (2.4.2): on its way until it is settled."""
    settled = now >= taken.settled_at
    moment = taken.settled_at if settled else taken.taken_at
    failed = settled and taken.outcome == 3
    raw = {"carrier": taken.carrier, "type": "2" if failed else None, "data": _raw(taken) if failed else None}
    return {
        "dateTime": f"{moment:%Y%m%d %H%M%S}{moment.microsecond // 1000:03}",
        "phoneNumber": taken.number,
        "message": taken.text,
        "smsCode": int(taken.sms_code),
        "carrierId": taken.carrier if settled else None,
        "carrierName": CARRIERS[taken.carrier][0] if settled else None,
        "statusId": taken.outcome if settled else 1,
        "clientTag": taken.client_tag,
        "detailedStatusId": taken.detailed if settled else None,
        "separatedSuccessCount": taken.billed if settled else None,
        "rawdata": [raw] if settled else None,
    }


def _raw(taken: Taken) -> dict[str, str | None]:
    """The carrier's own words about a failure, as in the samples of 2.5.1."""
    said = {"103": {"code": "21"}, "105": {"msgState": "EXPIRED", "ntwkErr": "G020600"}}.get(taken.carrier, {})
    return {name: said.get(name) for name in RAW}


def _notification(taken: Taken, status: int) -> dict[str, Any]:
    """The fields of a DLR (2.5.1) in the order of the samples."""
    settled = status == taken.outcome
    data = _raw(taken) if status == 3 else dict.fromkeys(RAW, "")
    return {
        "type": "DLR",
        "dateTime": f"{taken.settled_at if settled else taken.taken_at:%Y/%m/%d %H:%M:%S}",
        "messageId": taken.message_id,
        "phoneNumber": taken.number,
        "smsCode": taken.sms_code,
        "carrierId": taken.carrier if settled else None,
        "carrierName": CARRIERS[taken.carrier][0] if settled else None,
        "messageText": taken.text,
        "clientId": taken.client_id,
        "clientTag": taken.client_tag,
        "statusId": str(status),
        "statusDescription": STATES[status],
        "rawdata": {"carrier": taken.carrier, "type": "2" if status == 3 else "", "data": data} if settled else None,
        "detailedStatusId": int(taken.detailed) if settled else None,
        "separatedSuccessCount": taken.billed if settled else None,
    }


def dlr_json(taken: Taken, status: int) -> str:
    """The value of the form field `json`."""
    return msgspec.json.encode({"eventNotifications": [_notification(taken, status)]}).decode()


def dlr_xml(taken: Taken, status: int) -> str:
    """The value of the form field `xml`. A failure ends with the sample's malformed tag."""
    fields = _notification(taken, status)
    del fields["type"]
    if fields["rawdata"] is None:
        del fields["rawdata"]
    body = f'  <eventNotification type="DLR">\n{_elements(fields, 4)}  </eventNotification>\n'
    if status == 3:
        body = body.replace("</separatedSuccessCount>", "</ separatedSuccessCount>")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<eventNotifications>\n{body}</eventNotifications>\n'


def _elements(fields: dict[str, Any], indent: int) -> str:
    lines = ""
    for name, value in fields.items():
        if isinstance(value, dict):
            content = f"\n{_elements(value, indent + 2)}{' ' * indent}"
        else:
            characters = "null" if value is None else str(value).replace("]]>", "]]]]><![CDATA[>")
            content = f"<![CDATA[{characters}]]>"
        lines += f"{' ' * indent}<{name}>{content}</{name}>\n"
    return lines
