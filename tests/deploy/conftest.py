"""Fixtures of the tests of proxies: one gateway and one nginx before it for all that change neither."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.settings import key_digest
from tests.conftest import free_port
from tests.deploy.stage import NEAR, NGINX, Nginx, Served
from tests.processes import KEY
from tests.tools import need


def fragment() -> str:
    """deploy/nginx/gateway.toml, for a machine that others use too; and a client that is narrowed to an address."""
    text = (NGINX / "gateway.toml").read_text().replace("9090", str(free_port())).replace("[gateway]\n", "")
    digest = key_digest("near").hex()
    return f'{text}\n[clients.near]\nkeys = [{{ sha256 = "{digest}", scopes = ["read"] }}]\nallow = ["{NEAR}"]\n'


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    need("nginx")
    gateway = Served(tmp_path_factory.mktemp("gateway"), fragment())
    yield gateway
    gateway.close()


@pytest.fixture(scope="session")
def nginx(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    proxy = Nginx(need("nginx"), tmp_path_factory.mktemp("nginx"), [served.port], [("rate=200r/s", "rate=5000r/s")])
    yield proxy
    proxy.close()


@pytest.fixture
def shop(nginx: Nginx) -> Iterator[httpx.Client]:
    with nginx.client(key=KEY) as client:
        yield client


@pytest.fixture
def changed(served: Served, tmp_path: Path) -> Iterator[Any]:
    """Starts another nginx, with some lines changed."""
    started: list[Nginx] = []

    def start(*changes: tuple[str, str], upstreams: Sequence[int] = ()) -> Nginx:
        started.append(Nginx(need("nginx"), tmp_path, upstreams or [served.port], changes))
        return started[-1]

    yield start
    for proxy in started:
        proxy.close()
