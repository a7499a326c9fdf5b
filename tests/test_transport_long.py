"""Answers longer than vendors' usually are, where the request says that they may be."""

from __future__ import annotations

from typing import cast

import pytest

from gateway.connections import MAX_ANSWER
from gateway.errors import LostAnswer
from gateway.model.values import Duration
from gateway.provider import Provider, ProviderSettings, VendorRequest
from gateway.transport import Transport
from tests.test_transport import OK, says, serve, transport

__all__ = ["transport"]
pytestmark = pytest.mark.anyio


async def test_a_request_says_how_long_its_answer_may_be(transport: Transport) -> None:
    long = OK + b"Content-Length: %d\r\n\r\n" % (3 * MAX_ANSWER) + b"x" * 3 * MAX_ANSWER
    for most in (4 * MAX_ANSWER, 2 * MAX_ANSWER):
        async with serve(says(long, "silence")) as vendor:
            settings = ProviderSettings(base_url=vendor.url, timeout=Duration(2))
            provider = cast(Provider, type("Fake", (), {"settings": settings}))
            request = VendorRequest(method="GET", url=vendor.url, answer_at_most=most)
            if most > 3 * MAX_ANSWER:
                assert len((await transport.exchange(provider, request)).body) == 3 * MAX_ANSWER
            else:
                with pytest.raises(LostAnswer):
                    await transport.exchange(provider, request)
