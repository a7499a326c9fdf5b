"""Two vendors behind one gateway: AI CROSS as `main`, MediaSMS as `media`, either of which can be cut off."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import LostAnswer, NeverLeft
from gateway.provider import Provider, VendorAnswer, VendorRequest
from gateway.sandbox.mediasms import MediaSMSSimulator
from tests.harness import SECRET, Harness, open_harness

MEDIA = """
[providers.media]
type = "mediasms"
base_url = "{url}"
username = "user"
password = "{password}"
callback_secret = "{secret}"
timeout = "1s"
"""
IN_ORDER = '[[routes]]\nproviders = ["main", "media"]\n'


def closed() -> Exception:
    return NeverLeft("refused")


def silent() -> Exception:
    return LostAnswer("nothing came")


class Pair:
    """`cut` names providers that cannot be reached, and how it fails."""

    def __init__(self, harness: Harness, media: MediaSMSSimulator) -> None:
        self.harness = harness
        self.main = harness.vendor
        self.media = media
        self.cut: dict[str, Callable[[], Exception] | VendorAnswer] = {}
        self.tries: list[str] = []
        """The provider of each request."""
        transport: Any = harness.here.transport
        self._exchange = transport.exchange
        transport.exchange = self._try

    async def _try(self, provider: Provider, request: VendorRequest) -> VendorAnswer:
        self.tries.append(provider.name)
        failure = self.cut.get(provider.name)
        if isinstance(failure, VendorAnswer):
            return failure
        if failure is not None:
            raise failure()
        answer: VendorAnswer = await self._exchange(provider, request)
        return answer

    def at_vendors(self, id_: str) -> list[str]:
        """Where a message was taken, once for each time."""
        name = id_.removeprefix("msg_")
        main = ["main" for reference in self.main.accepted if reference.startswith(name)]
        media = [
            "media" for reference, taken in self.media.accepted.items() if reference.startswith(name) for _ in taken
        ]
        return main + media


OpenPair = Callable[..., Any]


@pytest.fixture
async def open_pair(redis_url: str, tmp_path: Path) -> AsyncIterator[OpenPair]:
    """Opens one: `extra` is more configuration, beginning within `[providers.media]`."""
    async with AsyncExitStack() as stack:

        async def open_(extra: str = IN_ORDER, *, password: str = "secret", **simulator: Any) -> Pair:
            async def push(url: str, body: bytes, content_type: str) -> int:
                answer = await harness.api.post(url, content=body, headers={"Content-Type": content_type})
                return answer.status_code

            options = {"username": "user", "password": "secret", "delay": 0.05, "late": 0.5, "post": push}
            media = MediaSMSSimulator(**{**options, **simulator})  # type: ignore[arg-type]
            await media.start()
            media.callback_url = f"http://gateway/callbacks/media/{SECRET}/delivery"
            section = MEDIA.format(url=media.base_url, password=password, secret=SECRET)
            harness = await open_harness(redis_url, tmp_path, stack, section + extra)
            stack.push_async_callback(media.stop)  # before what its receipts go through
            return Pair(harness, media)

        yield open_


@pytest.fixture
async def pair(open_pair: OpenPair) -> Pair:
    opened: Pair = await open_pair()
    return opened
