"""Messages that the vendor keeps until their time (API document v1.47, 2.2, 2.3): whether it has one, and dropping it.

A clientTag that the vendor does not know is said to be invalid (the sample of 2.3.2; 2.2 does not say). Whatever is not
said of the very clientTag in question says nothing: a message taken for dropped would be sent all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from typing import Any

from gateway.provider import Declined, Finding, Kept, Known, Unanswered, Unknown, Unreadable, VendorAnswer, Withdrawal
from gateway.providers.aicross import beside, codes, wire

CHECK = "/p5/api/checkreservation.json"
"""2.2.1, GET."""
CANCEL = "/p5/api/cancelreservation.json"
"""2.3.1, GET."""
CANCEL_ALL = "/p5/api/cancelreservationall.json"
"""2.3.4, GET."""


def schedule_time(send_at: int, zone: tzinfo) -> str:
    """`send_at` (ms since 1970) as mt.json has it (2.1.1); what is less than a minute is dropped."""
    return datetime.fromtimestamp(send_at / 1000, zone).strftime("%Y-%m-%d %H:%M")


def days(first: date, last: date, group_tag: str | None) -> dict[str, str]:
    """The parameters of cancelreservationall.json (2.3.4), never without both dates: what is left out there bounds
    nothing, and with nothing given everything is canceled."""
    fields = {"startDate": first.strftime("%Y%m%d"), "endDate": last.strftime("%Y%m%d")}
    return fields if group_tag is None else fields | {"groupTag": group_tag}


def finding(answer: VendorAnswer, reference: str) -> Finding:
    """What checkreservation.json says of a clientTag (2.2.2, 2.2.3)."""
    if isinstance(reply := wire.opened(answer), Unreadable):
        return Unanswered(detail=reply.detail)
    if reply.code == codes.SUCCESS:
        return _listed(reply.fields, reference)
    if reply.code == codes.ALREADY_SENT:
        return Known()
    if reply.unknown_tag:
        return Unknown()
    if reply.code == codes.PAST:
        return Unanswered(str(reply.code), "its time has passed, and what became of it is not said here", past=True)
    return Unanswered(str(reply.code)[:20], "the vendor did not answer the question")


def withdrawal(answer: VendorAnswer, reference: str) -> Withdrawal | Declined | Unreadable:
    """What cancelreservation.json says of a clientTag (2.3.2, 2.3.3)."""
    if isinstance(reply := wire.opened(answer), Unreadable):
        return reply
    word: Withdrawal
    if reply.code == codes.SUCCESS:
        word = "withdrawn"
    elif reply.code == codes.ALREADY_SENT:
        word = "sent"
    elif reply.unknown_tag:
        word = "unknown"
    else:
        return beside.declined(reply)
    about = wire.text(reply.fields.get("clientTag"))
    return Unreadable("it is about another clientTag") if about and about.lower() != reference.lower() else word


def _listed(fields: Mapping[str, Any], reference: str) -> Finding:
    """Of a success: the reservations listed in it. `count` is what stands for a list that is not there."""
    status, count = fields.get("status"), wire.integer(fields.get("count"))
    listed = [] if status == {} else beside.entries(status)
    if listed is None:
        return Unanswered("0", "no list of reservations in the answer")
    tags = [wire.text(each.get("clientTag")).lower() for each in listed]
    if reference.lower() in tags:
        return Kept()
    if not all(tags):
        return Unanswered("0", "a reservation without a clientTag is listed")
    empty = count == 0 or (count is None and isinstance(status, list))
    return Unknown() if tags or empty else Unanswered("0", "no list of reservations in the answer")
