"""The vendors, as far as the sandbox's simulators do not have it: slow answers, ports that close, and a ledger of what
was asked, taken, pushed and confirmed."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx

from gateway.sandbox.aicross import AICrossSimulator
from gateway.sandbox.mediasms import MediaSMSSimulator
from gateway.sandbox.server import DROP, Answer, Pusher, Request, VendorServer

DEDUPED_WORDS = {"1": "sending", "2": "delivered", "3": "undelivered"}
BLIND_WORDS = {"14": "sending", "1": "delivered"} | dict.fromkeys(("0", "10", "11", "18", "19", "20"), "undelivered")
"""What a pushed status says; others say nothing about the outcome."""


class Take(NamedTuple):
    """A message that a vendor took."""

    vendor: str
    reference: str
    fate: str
    """What becomes of it, where the vendor can be asked; "" elsewhere."""


class Seen(NamedTuple):
    """A line of the vendors' journal."""

    at: float
    reference: str
    what: str


class Line:
    """The way between the vendors and the gateway: slow until there is `calm`; and the journal of what passed it."""

    def __init__(self, seed: int, timeout: float, urls: list[str]) -> None:
        """`urls`: of the instances, any of which may be given a push."""
        self.calm = False
        self.journal: list[Seen] = []
        self.confirmed: dict[str, list[str]] = {}
        """By reference the words whose pushes were answered 200."""
        self.busy = 0
        self._dice = random.Random(f"line {seed}")
        self._timeout = timeout
        self._urls = urls
        self._client = httpx.AsyncClient(timeout=3.0, trust_env=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def carry(self, vendor: str, request: Request, answer: Callable[[Request], Awaitable[Answer]]) -> Answer:
        """One exchange. It goes on at the vendor when the gateway has given it up."""
        fields = request.form() or request.query
        reference = fields.get("clientTag") or fields.get("smsid", "")
        self.busy += 1
        try:
            await asyncio.sleep(self._delay(0.04))
            given = await answer(request)
            said = "no answer" if given is DROP else f"{given.status} {given.body[:70].decode(errors='replace')}"
            self._note(reference, f"{vendor}: {request.method} answered {said}")
            await asyncio.sleep(self._delay(0.07))
            return given
        finally:
            self.busy -= 1

    def _delay(self, lost: float) -> float:
        """Seconds; with the probability `lost` more than the gateway waits."""
        if self.calm:
            return 0.0
        if self._dice.random() < lost:
            return self._timeout + self._dice.choice([0.2, 1.0, 3.0])
        return self._dice.choice([0.0, 0.0, 0.01, 0.1, 0.3])

    async def post(self, url: str, body: bytes, content_type: str) -> int:
        """A push, to any of the instances."""
        fields = parse_qs(body.decode())
        if "json" in fields:
            (notification,) = json.loads(fields["json"][0])["eventNotifications"]
            reference, word = notification["clientTag"], DEDUPED_WORDS.get(notification["statusId"], "")
        else:
            reference, word = fields["smsid"][0], BLIND_WORDS.get(fields["status"][0], "")
        target = self._dice.choice(self._urls) + urlsplit(url).path
        answer = await self._client.post(target, content=body, headers={"content-type": content_type})
        self._note(reference, f"push {word or '?'} answered {answer.status_code}")
        if answer.status_code == 200:
            self.confirmed.setdefault(reference, []).append(word)
        return answer.status_code

    def _note(self, reference: str, what: str) -> None:
        self.journal.append(Seen(time.time(), reference, what))


class OnALine:
    """Put before a simulator: what comes to it and what it pushes goes over a line that may fail."""

    name: str
    _pusher: Pusher
    _server: VendorServer

    def __init__(self, line: Line, **options: Any) -> None:
        super().__init__(post=line.post, **options)
        self._line = line

    async def _answer(self, request: Request) -> Answer:
        return await self._line.carry(self.name, request, super()._answer)

    @property
    def busy(self) -> bool:
        """Something is still to be pushed."""
        return bool(self._pusher._tasks)

    async def shut(self) -> None:
        """Closes the port and every connection; what is to be pushed still is."""
        await self._server.stop()


class Deduped(OnALine, AICrossSimulator):
    """Refuses a second message under a reference it took, and can be asked."""

    name, blind = "deduped", False

    def __init__(self, line: Line, **options: Any) -> None:
        super().__init__(line, dlr="json", **options)

    def takes(self) -> list[Take]:
        fates = {2: "delivered", 3: "undelivered"}
        return [Take(self.name, reference, fates[taken.outcome]) for reference, taken in self.accepted.items()]


class Blind(OnALine, MediaSMSSimulator):
    """Takes whatever it is given, and cannot be asked."""

    name, blind = "blind", True

    def takes(self) -> list[Take]:
        return [Take(self.name, reference, "") for reference, taken in self.accepted.items() for _ in taken]


Vendor = Deduped | Blind
