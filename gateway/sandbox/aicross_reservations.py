"""AI CROSS simulated: what it keeps until its time, and the calls to list and to cancel that (2.2, 2.3).

Times and days are Japan's.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from gateway.sandbox.aicross_calls import CANCEL, CANCEL_ALL, CHECK, login
from gateway.sandbox.aicross_reports import JST, Taken
from gateway.sandbox.server import Answer, forget_oldest

_MINUTE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}")
_DAY = re.compile("[0-9]{8}")


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is kept."""

    message: Taken
    """As it will be once it is sent: taken at its time."""
    group_tag: str = ""

    @property
    def send_at(self) -> datetime:
        return self.message.taken_at


class Reservations:
    """What one account has reserved. `kept` has it by clientTag (by messageId where it has none), `canceled` the
    clientTags of what was dropped. Each forgets the oldest of more than `keep`."""

    def __init__(
        self, account: Mapping[str, str], sms_code: str, *, clock: Callable[[], datetime], keep: int = 100_000
    ) -> None:
        self.kept: dict[str, Reservation] = {}
        self.canceled: dict[str, None] = {}
        self._account = account
        self._sms_code = sms_code
        self._clock = clock
        self._keep = keep
        self._agenda: list[tuple[datetime, str]] = []

    def put(self, reservation: Reservation) -> None:
        key = reservation.message.client_tag or reservation.message.message_id
        self.kept[key] = reservation
        heapq.heappush(self._agenda, (reservation.send_at, key))
        forget_oldest(self.kept, self._keep)

    def due(self) -> Iterator[Taken]:
        """Lets go of what is to be sent by now, the earliest first."""
        now = self._clock()
        while self._agenda and self._agenda[0][0] <= now:
            at, key = heapq.heappop(self._agenda)
            if key in self.kept and self.kept[key].send_at == at:
                yield self.kept.pop(key).message

    def drop(self, key: str) -> bool:
        """Cancels one; whether it was kept. Its clientTag stays spent."""
        if self.kept.pop(key, None) is None:
            return False
        self.canceled[key] = None
        forget_oldest(self.canceled, self._keep)
        return True

    # 2.2

    def check(self, query: dict[str, str], sent: Mapping[str, Taken]) -> Answer:
        """`sent`: what is kept no more, by clientTag. What an unknown clientTag is answered is not said: "Invalid
        clientTag." here, as in 2.3.2."""
        tag, time, whole = (query.get(name, "") for name in ("clientTag", "scheduleTime", "scheduleDate"))
        valid = login(query, self._account) | {"smsCode": query.get("smsCode") == self._sms_code}
        if not tag:
            valid |= {"scheduleTime": not time or minute(time), "scheduleDate": time or not whole or day(whole)}
        if refusal := CHECK.refusal(query, valid, () if tag or time or whole else ("clientTag",)):
            return CHECK.answer(*refusal)
        if tag:
            if tag in self.kept:
                return _list([self.kept[tag]])
            return CHECK.answer(130, "Already send.") if tag in sent else CHECK.answer(110, "Invalid clientTag.")
        wanted, asked = minute(time), day(whole)
        if wanted and wanted <= self._clock():
            return CHECK.answer(140, "Past scheduleTime.")
        if not wanted and asked and asked < self._clock().date():
            return CHECK.answer(140, "Past scheduleDate.")
        group = query.get("groupTag", "")
        return _list(
            each
            for each in self.kept.values()
            if (each.send_at == wanted if wanted else each.send_at.date() == asked)
            and (not group or each.group_tag == group)
        )

    # 2.3

    def cancel_code(self, query: dict[str, str], sent: Mapping[str, Taken]) -> tuple[int, str]:
        """Code and message of 2.3.3; nothing is canceled yet. `sent`: as for `check`."""
        if refusal := CANCEL.refusal(query, login(query, self._account)):
            return refusal
        if query["clientTag"] in self.kept:
            return 0, "Success."
        return (130, "Already send.") if query["clientTag"] in sent else (110, "Invalid clientTag.")

    def cancel_all(self, query: dict[str, str]) -> Answer:
        """2.3.4: whole days, from `startDate` to `endDate`; what is left out does not bound."""
        given = {name: query.get(name, "") for name in ("startDate", "endDate", "groupTag")}
        first, last, group = day(given["startDate"]), day(given["endDate"]), given["groupTag"]
        valid = login(query, self._account) | {
            "startDate": first or not given["startDate"],
            "endDate": last or not given["endDate"],
        }
        if refusal := CANCEL_ALL.refusal(query, valid):
            return CANCEL_ALL.answer(*refusal)
        for key, each in tuple(self.kept.items()):
            within = (first or date.min) <= each.send_at.date() <= (last or date.max)
            if within and (not group or each.group_tag == group):
                self.drop(key)
        return CANCEL_ALL.answer(0, "Success.")


def minute(written: str) -> datetime | None:
    """The time of a `scheduleTime` (2.1.1); None where it is none."""
    try:
        return datetime.fromisoformat(written).replace(tzinfo=JST) if _MINUTE.fullmatch(written) else None
    except ValueError:
        return None


def day(written: str) -> date | None:
    """The day of a `YYYYMMDD`; None where it is none."""
    try:
        return date.fromisoformat(written) if _DAY.fullmatch(written) else None
    except ValueError:
        return None


def _list(found: Iterable[Reservation]) -> Answer:
    status: list[dict[str, Any]] = [
        {
            "scheduleTime": f"{each.send_at:%Y-%m-%d %H:%M}",
            "phoneNumber": each.message.number,
            "message": each.message.text,
            "smsCode": int(each.message.sms_code),
            "clientTag": each.message.client_tag,
        }
        for each in found
    ]
    return CHECK.answer(0, "Success.", count=len(status), status=status)
