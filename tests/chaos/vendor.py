"""The vendors: functions on requests, with a ledger of what they took. What they do wrong, a seed says.

Two kinds, both spoken to in the words of AI CROSS: one refuses a second message under a reference it took and can be
asked; the "blind" one does neither.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx
import msgspec

from gateway.model.values import Duration, Secret
from gateway.provider import Callback, Guarantee, Provider, VendorRequest
from gateway.providers.aicross import AICross, AICrossSettings

if TYPE_CHECKING:
    from tests.chaos.world import World

TIMEOUT = 1.0
SENDS = {
    "accept": 50, "refuse 110": 5, "refuse 300": 4, "refuse 500": 6, "refuse 429": 3, "refuse lost": 5,
    "lose before": 5, "lose after": 9, "answer late": 6, "take late": 6, "page before": 3, "page after": 3,
    "garbage before": 2, "garbage after": 3, "no connection": 6,
}  # fmt: skip
"""What becomes of a send, with its weight while there is chaos. "before", "after": not taken, taken."""
ANSWERS = {"answer": 70, "lose": 10, "page": 8, "garbage": 6, "error": 6}
"""What becomes of a question."""
FATES = {"delivered": 70, "undelivered": 20, "corrected": 10}
"""What becomes of a message. "corrected": undelivered first, and then delivered after all."""
REFUSALS = {"110": "Invalid phoneNumber.", "300": "Exceed sending count.", "500": "System error."}


class Blind(AICross):
    """A vendor that takes whatever it is given, and cannot be asked."""

    type = "blind"
    guarantee = Guarantee.BLIND
    capabilities = msgspec.structs.replace(AICross.capabilities, status_query=False)

    def query_request(self, reference: str) -> VendorRequest | None:  # type: ignore[override]
        return None


def provider(name: str, *, blind: bool) -> Provider:
    settings = AICrossSettings(
        base_url=f"http://{name}.vendor",
        token=Secret("tok-tok-tok"),
        client_id="1" if name == "main" else "2",
        sms_code="80013",
        timeout=Duration(TIMEOUT),
        concurrency=8,
        settle_after=Duration(120),
        no_news_after=Duration(2400),
        reconcile_after=Duration(30),
    )
    return (Blind if blind else AICross)(name, settings)


@dataclass
class Taken:
    """A message a vendor took."""

    reference: str
    fate: str
    message_id: str
    at: float
    settles: float
    listed: float
    """From when status.json lists it."""
    told: set[str] = field(default_factory=set)
    """Words whose receipts were pushed and answered 200."""

    def word(self, now: float) -> str:
        """statusId as of now."""
        if now < self.settles:
            return "1"
        return "3" if self.fate == "undelivered" else "2"


class Account:
    """One vendor account's ledger."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.blind = provider.guarantee is Guarantee.BLIND
        self.taken: list[Taken] = []
        self.by_reference: dict[str, Taken] = {}
        self.known: set[str] = set()
        """References that it calls duplicates: those taken, at some vendors those refused too."""
        self.requests: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()


class Vendors(httpx.AsyncBaseTransport):
    """What the gateway's transport is given for a carrier."""

    def __init__(self, world: World, providers: list[Provider]) -> None:
        self._world = world
        self._dice = random.Random(f"vendor {world.seed}")
        self._remembers_refused = self._dice.random() < 0.3
        self.accounts = {each.name: Account(each) for each in providers}
        self.calm = False

    def _draw(self, weights: dict[str, int]) -> str:
        (drawn,) = self._dice.choices(list(weights), list(weights.values()))
        return drawn

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        process = self._world.process
        await process.gate()
        account = self.accounts[request.url.host.partition(".")[0]]
        send = request.method == "POST"
        how = ("accept" if send else "answer") if self.calm else self._draw(SENDS if send else ANSWERS)
        self._world.count(f"vendor: {how}")
        if how == "no connection":
            await asyncio.sleep(0.01)
            raise httpx.ConnectError("refused")
        answer: asyncio.Future[httpx.Response | None] = asyncio.get_running_loop().create_future()
        fields = {name: values[0] for name, values in parse_qs((request.content or request.url.query).decode()).items()}
        self._world.outside(self._serve(account, fields["clientTag"], send, how, answer))
        response = await answer
        await process.gate()
        if response is None:
            raise httpx.ReadError("closed")
        return response

    async def _serve(
        self, account: Account, reference: str, send: bool, how: str, answer: asyncio.Future[httpx.Response | None]
    ) -> None:
        """At the vendor's: goes on whatever becomes of who asked."""
        await asyncio.sleep(self._dice.choice([0.005, 0.02, 0.1]))
        if how == "take late":
            account.lost[reference] += 1
            await asyncio.sleep(self._dice.choice([0.5, 2.0, 9.0, 30.0]))
        response = self._send(account, reference, how) if send else self._list(account, reference, how)
        if how == "answer late":
            account.lost[reference] += 1
            await asyncio.sleep(TIMEOUT + 0.5)
        else:
            await asyncio.sleep(self._dice.choice([0.0, 0.01, 0.3]))
        if not answer.done():
            answer.set_result(response)

    def _send(self, account: Account, reference: str, how: str) -> httpx.Response | None:
        account.requests[reference] += 1
        verb, _, what = how.partition(" ")
        if verb == "refuse":
            account.refused[reference] += 1
            if what == "429":
                return httpx.Response(429, text="slow down")
            if what == "lost":
                account.lost[reference] += 1
            if self._remembers_refused and not account.blind:
                account.known.add(reference)
            return None if what == "lost" else _reply(int(what), REFUSALS[what])
        lost = verb in ("lose", "page", "garbage")
        if lost:
            account.lost[reference] += 1
        response = _reply(0, "Success.")
        if what != "before":
            if reference in account.known and not account.blind:
                response = _reply(400, "Duplicate client tag.")
            else:
                self._take(account, reference)
        if lost:
            return {"lose": None, "page": httpx.Response(503, html="busy"), "garbage": httpx.Response(200, text="{")}[
                verb
            ]
        return response

    def _list(self, account: Account, reference: str, how: str) -> httpx.Response | None:
        if how == "lose":
            return None
        if how == "page":
            return httpx.Response(503, html="busy")
        if how == "garbage":
            return httpx.Response(200, text="<html>")
        if how == "error":
            return _reply(500, "System error.")
        taken = account.by_reference.get(reference)
        now = self._world.wall
        entries = [_entry(taken, taken.word(now))] if taken and now >= taken.listed else []
        return _reply(0, "Success.", status=entries)

    # Receipts

    def _take(self, account: Account, reference: str) -> None:
        now = self._world.wall
        taken = Taken(
            reference,
            self._draw(FATES),
            f"{len(account.taken):032}",
            now,
            now + self._dice.choice([0.0, 1.0, 5.0]),
            now + (0.0 if self.calm else self._dice.choice([0.0, 0.0, 2.0])),
        )
        account.taken.append(taken)
        account.known.add(reference)
        account.by_reference[reference] = taken
        if self._dice.random() < 0.2 and not self.calm:
            return  # no receipt ever: only status.json knows
        words = {"delivered": ["1", "2"], "undelivered": ["1", "3"], "corrected": ["1", "3", "2"]}[taken.fate]
        if self._dice.random() < 0.4:
            words = [*words, self._dice.choice(words)]
            self._world.count("vendor: receipt doubled")
        if self._dice.random() < 0.4:
            self._dice.shuffle(words)
            self._world.count("vendor: receipts reordered")
        self._world.outside(self._report(account, taken, words, self._dice.random() < 0.3))

    async def _report(self, account: Account, taken: Taken, words: list[str], at_once: bool) -> None:
        """Receipts may overtake the answer to the send, and each other."""
        for word in words:
            delay = self._dice.choice([0.0, 0.05, 0.5, 5.0])
            push = self._push(account, taken, word, delay)
            if at_once:
                self._world.outside(push)
            else:
                await push

    async def _push(self, account: Account, taken: Taken, word: str, delay: float) -> None:
        await asyncio.sleep(delay)
        body = json.dumps(
            {"eventNotifications": [_entry(taken, word) | {"type": "DLR", "messageId": taken.message_id}]}
        )
        callback = Callback(kind="dlr", content_type="application/json", body=body.encode())
        for _ in range(4):
            if await self._world.push(account.provider, callback):
                taken.told.add(word)
                return
            await asyncio.sleep(1.0)


def _reply(code: int, message: str, **more: Any) -> httpx.Response:
    return httpx.Response(200, json={"responseCode": code, "responseMessage": message, **more})


def _entry(taken: Taken, word: str) -> dict[str, Any]:
    settled = word != "1"
    return {
        "clientTag": taken.reference,
        "statusId": word,
        "carrierId": "103" if settled else None,
        "detailedStatusId": {"2": "2", "3": "31824"}.get(word),
        "separatedSuccessCount": "1" if word == "2" else None,
        "dateTime": "2033/05/18 12:33:20",
    }
