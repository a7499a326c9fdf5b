"""Every test here runs for each type in the one list that can do what it is about: `pytest tests/conformance -k NAME`
for one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import redis

from gateway.providers import TYPES
from tests.conformance.candidate import KINDS, RULED, Candidate, candidate_of
from tests.conformance.gateway import Running, open_gateway
from tests.conftest import start_redis


@pytest.fixture(scope="session", params=KINDS, ids=lambda kind: kind.name)
def candidate(request: pytest.FixtureRequest) -> Candidate:
    """A type that carries messages."""
    return candidate_of(request.param)


@pytest.fixture(scope="session", params=TYPES.values(), ids=lambda kind: kind.name)
def anyone(request: pytest.FixtureRequest) -> Candidate:
    """A type, whatever it can do."""
    return candidate_of(request.param)


@pytest.fixture(scope="session", params=RULED, ids=lambda kind: kind.name)
def ruled(request: pytest.FixtureRequest) -> Candidate:
    """A type that has call trees."""
    return candidate_of(request.param)


@pytest.fixture(scope="session")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One node: what a provider does is the same in a cluster."""
    process, url = start_redis(tmp_path_factory.mktemp("redis"), cluster=False)
    yield url
    process.terminate()
    process.wait(10)


@pytest.fixture
async def running(candidate: Candidate, own_redis: str, tmp_path: Path) -> AsyncIterator[Running]:
    """A whole gateway with one provider of the type, and its vendor. Whatever a test does there, the log tells nobody
    a secret, a number or a text."""
    with redis.Redis.from_url(own_redis) as client:
        client.flushall()
    async with AsyncExitStack() as stack:
        opened = await open_gateway(candidate, own_redis, tmp_path, stack)
        yield opened
    opened.told_nobody()
