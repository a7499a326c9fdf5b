"""The API against its own document: what schemathesis can think of, sent to a whole gateway over the wire."""

from __future__ import annotations

import asyncio
import re
import threading
import zlib
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import choice
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from gateway.api.server import GatewayProtocol
from gateway.app import listen, web
from gateway.model.events import PATTERNS
from gateway.sandbox.iotcall import Tree
from tests.call_tools import open_calls
from tests.harness import ADMIN_KEY

load_all_checks()

once = pytest.mark.parametrize("redis_server", ["single"], indirect=True)
"""What is asked here has nothing to do with how Redis is laid out."""

LAX_TIME = re.compile(r"[+-]?[0-9.]+(?:e[+-]?[0-9]+)?|[+-]?inf|nan", re.IGNORECASE)
TEMPLATES = '[templates.welcome]\ntext = "Hello {name}"\n'
RULES = ["hall", *(f"rule{number}" for number in range(200))]
"""One for each activation: a rule is set off once in a second."""
TREES = tuple(Tree(key=f"keyof{name}", id=f"{number:010}") for number, name in enumerate(RULES))
CONFIGURED = "{ " + ", ".join(f'{name} = "keyof{name}"' for name in RULES) + " }"
CONFIG: dict[str, Any] = {
    "generation": {"deterministic": True, "max-examples": 20, "database": "none"},
    "auth": {"openapi": {"bearer": {"bearer": ADMIN_KEY}}},
    "checks": {"max_response_time": 5.0},
}


class Live:
    """A gateway in a thread of its own: its application on a socket, a vendor, a dispatcher where wanted."""

    def __init__(self, redis_url: str, folder: Path, *, dispatching: bool) -> None:
        self._listener = listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._server: uvicorn.Server | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(redis_url, folder, dispatching)))
        self._thread.start()

    async def _run(self, redis_url: str, folder: Path, dispatching: bool) -> None:
        async with AsyncExitStack() as stack:
            calls = await open_calls(
                redis_url, folder, stack, rules=CONFIGURED, extra=TEMPLATES, alarm={"trees": TREES}
            )
            harness = calls.harness
            if dispatching:
                harness.dispatch()
            config = uvicorn.Config(
                web(harness.here), http=GatewayProtocol, lifespan="off", log_config=None, server_header=False
            )
            self._server = uvicorn.Server(config)
            await self._server.serve(sockets=[self._listener])

    def stop(self) -> None:
        if self._server:
            self._server.should_exit = True
        self._thread.join(20)
        self._listener.close()
        assert not self._thread.is_alive()


@pytest.fixture
def live(redis_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Live]:
    gateway = Live(redis_url, tmp_path, dispatching=getattr(request, "param", True))
    yield gateway
    gateway.stop()


@pytest.fixture
def document(live: Live) -> Any:
    config = SchemathesisConfig.from_dict(CONFIG)
    return schemathesis.openapi.from_url(f"{live.url}/openapi.json", config=config, wait_for_schema=10)


api = schemathesis.pytest.from_fixture("document")


def sensible(case: schemathesis.Case) -> None:
    """Makes valid data out of data that only fits the schema: no schema can say which numbers exist, which moments
    lie ahead, what the operator configured, or what the vendor can carry."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if isinstance(case.query, dict):
        if "to" in case.query and case.operation.path == "/messages":
            case.query["to"] = number(case.query["to"])
        if "date" in case.query:
            case.query["date"] = "2026-11-21"
        case.query.pop("cursor", None)  # only those that a page answered
        if case.operation.path == "/events":
            case.query.pop("after", None)  # the id of an event
            if "type" in case.query:
                case.query["type"] = PATTERNS[len(str(case.query["type"])) % len(PATTERNS)]
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = uuid4().hex  # used once
    if isinstance(case.body, dict) and case.operation.path in ("/messages", "/messages/explain", "/reservations"):
        case.body = sensible_message(case.body)
    if isinstance(case.body, dict) and case.operation.path == "/reservations/{id}":
        case.body = {"text": "Hello"} | ({"sendAt": later().isoformat()} if "sendAt" in case.body else {})
    if isinstance(case.body, dict) and case.operation.path == "/messages/batch" and "to" in case.body:
        case.body = sensible_message(case.body) | {"to": [number(each) for each in case.body["to"]]}
    if isinstance(case.body, dict) and case.operation.path == "/short-urls":
        case.body = {"longUrl": "https://shop.example.com/sale"} | {"name": case.body.get("name", "sale")}
    if isinstance(case.body, dict) and case.operation.path == "/numbers/verify":
        case.body = sensible_verification(case.body)
    if case.operation.path.startswith(("/rules", "/activations")):
        sensible_rule(case)
    if isinstance(case.query, dict) and case.operation.path in ("/balance", "/messages", "/templates", "/usage"):
        case.query.pop("provider", None)  # only a configured one that can do it


def sensible_message(body: dict[str, Any]) -> dict[str, Any]:
    ahead = later()
    known = {
        "to": number(body["to"]),
        "provider": "main",
        "from": "80013",
        "heldBy": "gateway",
        "template": {"id": "welcome", "values": {"name": "Hanako"}},
        "sendAt": ahead.isoformat(),
        "expiresAt": (ahead + timedelta(hours=1)).isoformat(),
    }
    better = {name: known.get(name, value) for name, value in body.items() if name != "subject"}
    if "text" in better:
        better["text"] = better["text"][:660]
    return better


def sensible_verification(body: dict[str, Any]) -> dict[str, Any]:
    """Of a number that nothing else is about, and for which the simulated vendors do as they are told."""
    known = {
        "number": f"+81901{uuid4().int % 10**6:06}9",
        "provider": "media" if body["method"].startswith("call") else "main",
        "referenceDate": f"{datetime.now(UTC) - timedelta(days=30):%Y-%m-%d}",
        "lines": "any",
        "text": "Your code is {code}",
    }
    return {name: known.get(name, whole(value)) for name, value in body.items()}


def sensible_rule(case: schemathesis.Case) -> None:
    if "rule" in case.path_parameters:
        case.path_parameters["rule"] = "hall"
    if "If-Match" in case.headers:
        case.headers["If-Match"] = "*"
    if isinstance(case.body, dict) and "rule" in case.body:
        case.body["rule"] = choice(RULES)
    if isinstance(case.body, dict) and "numbers" in case.body:
        better = {"number": "08043391234", "country": "JP"}
        case.body = {
            "numbers": [each | better | {"group": whole(each.get("group", 1))} for each in case.body["numbers"]]
        }
    if isinstance(case.query, dict):
        wanted = {"rule": "hall", "from": "2026-11-20T00:00:00Z", "to": later().isoformat()}
        case.query = {name: wanted.get(name, value) for name, value in case.query.items()}
        if case.query.get("latest"):
            case.query = {"rule": "hall", "latest": "true"}


def whole(value: Any) -> Any:
    """For a schema 7.0 is an integer as well; to be read as one it has to be written so."""
    return int(value) if isinstance(value, float) else value


def later() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


def number(seed: object) -> str:
    return f"+81901{zlib.crc32(repr(seed).encode()) % 10**7:07}"


@once
@api.parametrize()
def test_valid_requests_are_taken_and_others_refused(case: schemathesis.Case, redis_server: str) -> None:
    sensible(case)
    case.call_and_validate()


@once
@api.parametrize()
def test_what_only_fits_the_schema_is_answered_in_form(case: schemathesis.Case, redis_server: str) -> None:
    valid = case.meta is not None and case.meta.generation.mode.is_positive
    if valid and case.operation.path == "/short-urls" and isinstance(case.body, dict):
        case.body.pop("domain", None)  # one that the vendor does not know is its 502
    # Excluded: most of it is refused, for reasons that no schema can say (see `sensible`).
    case.call_and_validate(excluded_checks=[positive_data_acceptance])


@once
@pytest.mark.parametrize("live", [False], indirect=True)
def test_links_lead_where_they_say(document: Any, redis_server: str) -> None:
    """Nothing is dispatched meanwhile: what can be canceled stays so, and every run sees the same."""

    class Journey(document.as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: schemathesis.Case) -> None:
            sensible(case)
            case.headers.pop("Prefer", None)
            if isinstance(case.body, dict) and "clientTag" in case.body:
                case.body["clientTag"] = uuid4().hex

    Journey.run(
        settings=settings(
            max_examples=20,
            stateful_step_count=5,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
    )
