"""Carrier Pigeon Post simulated to the letter of its handbook. It pushes nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from gateway.sandbox.server import DROP, LOST, Answer, Post, Request, Show, VendorServer, unseen

ENDINGS = {
    "0001": "undelivered: nobody opens the window",
    "0005": "refused by the vendor: no such number",
    "0010": "the first answer is lost, and the vendor did not take the message",
    "0011": "the first answer is lost, but the vendor took the message",
    "0012": "the first answer is an HTTP 503 page, nothing taken",
}
LOSSES = {"0010": DROP, "0011": DROP, "0012": LOST["unavailable"]}


class CarrierPigeonSimulator:
    SETTINGS: ClassVar[Mapping[str, str]] = {"token": "sandboxtoken", "loft": "sandbox"}

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self.show: Show = unseen
        self._lands: dict[str, tuple[float, str]] = {}
        self._asked: set[str] = set()
        self._taken: list[str] = []
        self._server = VendorServer(self._answer)
        self.start, self.stop, self.taken = self._server.start, self._server.stop, self._taken.count

    @property
    def base_url(self) -> str:
        return self._server.url

    @classmethod
    def endings(cls) -> Mapping[str, str]:
        return ENDINGS

    @classmethod
    def play(cls, callbacks: str, *, delay: float, late: float, post: Post | None = None) -> CarrierPigeonSimulator:
        return cls(delay)

    async def _answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.SETTINGS['token']}":
            return _say(401, error="not-your-loft")
        if request.method == "POST":
            return self._send(**msgspec.json.decode(request.body))
        flight = request.path.rpartition("/")[2]
        if flight not in self._lands:
            return _say(404, error="no-such-flight")
        lands, fate = self._lands[flight]
        return _say(200, id=flight, state="aloft" if time.monotonic() < lands else fate)

    def _send(self, id: str, roof: str, words: str, breed: str) -> Answer:
        if roof.endswith("0005"):
            return _say(422, error="no-such-roof")
        lost = LOSSES.get(roof[-4:]) if roof not in self._asked else None
        self._asked.add(roof)
        if lost and not roof.endswith("0011"):
            return lost
        self._taken.append(roof)
        self._lands[id] = time.monotonic() + self._delay, "closed-window" if roof.endswith("0001") else "home"
        return lost or _say(201, id=id)


def _say(status: int, **fields: str) -> Answer:
    return Answer(status, msgspec.json.encode(fields))
