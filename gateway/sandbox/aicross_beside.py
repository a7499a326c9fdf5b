"""AI CROSS simulated beside messages: shortenurl.json, template.json, numbercleaning.json, separatedsuccesscount.json
(2.6 to 2.9)."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime

from gateway.sandbox.aicross_calls import CLEANING, SHORT_URL, TEMPLATES, USAGE, login
from gateway.sandbox.aicross_reports import Taken
from gateway.sandbox.aicross_reservations import day
from gateway.sandbox.server import Answer, forget_oldest

REGISTERED = {
    "demo_sample_01": "demo_sample_01",
    "demo_sample_02": "{{demo%}}_{{sample%}}_02",
    "予約確認": "{{お名前%}}様、{{日時%}}のご予約を承りました。変更は{{日時%}}の前日までにお願いいたします。",
}
"""The texts kept at the vendor, by title: those of the sample (2.7.2), and one that says a parameter twice."""
DOMAINS = ("go.example.jp",)
"""Domains of the account's own, for short URLs (2.6.1)."""
_HOLE = re.compile(r"\{\{([^{}]+)%\}\}")
_MONTH = re.compile("[0-9]{4}(?:0[1-9]|1[0-2])")


class Beside:
    """What one account has. `short_urls` has the long URLs by short one, and forgets the oldest of more than `keep`."""

    def __init__(
        self,
        account: Mapping[str, str],
        *,
        clock: Callable[[], datetime],
        agency: Mapping[str, Mapping[str, int]] | None = None,
        keep: int = 100_000,
    ) -> None:
        """`agency`: the counts by carrierId of an agency's clients, by clientId, of whatever month; None: no agency."""
        self.short_urls: dict[str, str] = {}
        self._account = account
        self._clock = clock
        self._agency = agency
        self._keep = keep

    def templates(self, query: dict[str, str]) -> Answer:
        if refusal := TEMPLATES.refusal(query, login(query, self._account)):
            return TEMPLATES.answer(*refusal)
        listed = [
            {
                "title": title,
                "default_content": text,
                "parameters": [{"parameter_name": name} for name in dict.fromkeys(_HOLE.findall(text))],
            }
            for title, text in REGISTERED.items()
        ]
        return TEMPLATES.answer(0, "Success.", count=len(listed), templates=listed)

    def short_url(self, form: dict[str, str]) -> Answer:
        valid = login(form, self._account) | {
            "longUrl": re.fullmatch(r"https?://[^\s/]+\S*", form.get("longUrl", "")),
            "domain": form.get("domain") in (None, *DOMAINS),
        }
        if refusal := SHORT_URL.refusal(form, valid):
            return SHORT_URL.answer(*refusal)
        url = f"https://{form.get('domain', 'ai9.jp')}/{secrets.token_hex(3)}"
        self.short_urls[url] = form["longUrl"]
        forget_oldest(self.short_urls, self._keep)
        now = self._clock()
        # Printed as YYYYMMDDHHMSSsss, where the minutes have lost a letter.
        made_up = f"Shorturl-{now:%Y%m%d%H%M%S}{now.microsecond // 1000:03}"
        return SHORT_URL.answer(0, "Success.", shortUrl=url, name=form.get("name") or made_up)

    def cleaning_refusal(self, query: dict[str, str], number: str) -> tuple[int, str] | None:
        """2.8.3, of a call about a number (as +81...; "" where its phoneNumber is none). On the 29th of February two
        years ago is the 28th."""
        today = self._clock().date()
        first = date(today.year - 2, today.month, min(today.day, 28) if today.month == 2 else today.day)
        asked = day(query.get("referenceDate", ""))
        valid = login(query, self._account) | {
            "phoneNumber": number,
            "referenceDate": asked is not None and first <= asked <= today,
        }
        return CLEANING.refusal(query, valid)

    def usage(self, query: dict[str, str], taken: Iterable[Taken]) -> Answer:
        """What was delivered in the month before today. Whoever had nothing is not listed, nor a carrier."""
        client, month = query.get("clientId", ""), query.get("month", "")
        own, clients = self._account["clientId"], self._agency or {}
        valid = login(query, self._account) | {
            "clientId": client == own or client in clients or (client == "all" and self._agency is not None),
            "month": _MONTH.fullmatch(month),
        }
        if refusal := USAGE.refusal(query, valid):
            return USAGE.answer(*refusal)
        today = self._clock().date()
        delivered: Counter[str] = Counter()
        for each in taken:
            if each.outcome == 2 and f"{each.settled_at:%Y%m}" == month and each.settled_at.date() < today:
                delivered[each.carrier] += each.billed
        listed = [
            {"clientId": int(id_)} | counts
            for id_, counts in ({own: delivered} | {id_: Counter(counts) for id_, counts in clients.items()}).items()
            if counts and client in (id_, "all")
        ]
        return USAGE.answer(0, "Success.", separatedSuccessCount=listed)
