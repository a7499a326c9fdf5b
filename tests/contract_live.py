"""What the contract tests share: a whole gateway on a socket, and the making of data that it can accept."""

from __future__ import annotations

import threading
import zlib
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import choice
from typing import Any
from uuid import uuid4

import httpx
import schemathesis
import uvicorn
import uvloop

from gateway.api.server import GatewayProtocol
from gateway.app import listen, web
from gateway.model.events import PATTERNS
from gateway.sandbox.iotcall import Tree
from gateway.settings import key_digest
from tests.call_tools import open_calls

TEMPLATES = '[templates.welcome]\ntext = "Hello {name}"\n'
STRANGERS = [f"key-of-stranger{number}" for number in range(100)]
"""Keys of clients of which nothing is known yet."""
CLIENT = """
[clients.stranger{number}]
keys = [{{ sha256 = "{digest}", scopes = ["send", "read", "admin"] }}]
"""
CLIENTS = "".join(CLIENT.format(number=n, digest=key_digest(key).hex()) for n, key in enumerate(STRANGERS))
RULES = ["hall", *(f"rule{number}" for number in range(200))]
"""One for each activation: a rule is set off once in a second."""
TREES = tuple(Tree(key=f"keyof{name}", id=f"{number:010}") for number, name in enumerate(RULES))
CONFIGURED = "{ " + ", ".join(f'{name} = "keyof{name}"' for name in RULES) + " }"


class Live:
    """A gateway in a thread of its own: its application on a socket, a vendor, a dispatcher where wanted."""

    def __init__(self, redis_url: str, folder: Path, *, dispatching: bool) -> None:
        self._listener = listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._server: uvicorn.Server | None = None
        self._thread = threading.Thread(target=lambda: uvloop.run(self._run(redis_url, folder, dispatching)))
        self._thread.start()

    async def _run(self, redis_url: str, folder: Path, dispatching: bool) -> None:
        async with AsyncExitStack() as stack:
            calls = await open_calls(
                redis_url, folder, stack, rules=CONFIGURED, extra=TEMPLATES + CLIENTS, alarm={"trees": TREES}
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


@dataclass(frozen=True)
class Known:
    """What the operator of a running gateway configured, as the gateway tells it. Empty where there is none."""

    texts: str
    """Carries texts to Japan, and knows whether a number changed its owner."""
    calls: str
    """Verifies numbers by calls."""
    balance: str
    templates: str
    usage: str
    rules: tuple[str, ...]
    template: tuple[str, tuple[str, ...]]
    """The id of one, and its parameters."""


def resume(case: schemathesis.Case, response: Any, authorization: str) -> None:
    """A provider that was paused goes on: all that comes later would be told 503, as it should be."""
    if case.operation.path == "/providers/{name}/pause" and response.status_code == 200:
        url = f"{str(case.operation.base_url).rstrip('/')}/providers/{case.path_parameters['name']}/resume"
        httpx.post(url, headers={"Authorization": authorization}).raise_for_status()


@cache
def known(base_url: str, authorization: str) -> Known:
    with httpx.Client(base_url=base_url, headers={"Authorization": authorization}) as api:
        providers, rules, templates = (api.get(path).json()["items"] for path in ("providers", "rules", "templates"))
    abilities = {each["name"]: each["capabilities"] for each in providers}

    def first(fits: Any) -> str:
        return next((name for name, ability in abilities.items() if fits(ability)), "")

    return Known(
        texts=first(lambda ability: ability["messages"] and "owner" in ability["verification"]),
        calls=first(lambda ability: "call_in" in ability["verification"]),
        balance=first(lambda ability: ability["balance"]),
        templates=first(lambda ability: ability["templates"]),
        usage=first(lambda ability: ability["usage"]),
        rules=tuple(each["rule"] for each in rules),
        template=next(((each["id"], tuple(each["parameters"])) for each in templates), ("", ())),
    )


def sensible(case: schemathesis.Case, there: Known) -> None:
    """Makes valid data out of data that only fits the schema: no schema can say which numbers exist, which moments
    lie ahead, what the operator configured, or what the vendor can carry."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    path = case.operation.path
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = uuid4().hex  # used once
    if "If-Match" in case.headers:
        case.headers["If-Match"] = "*"
    if "rule" in case.path_parameters:
        case.path_parameters["rule"] = there.rules[0]
    if path == "/activations/{id}" and "rule" in (case.query or {}):
        case.path_parameters["id"] = "0015300264230816123459"  # the vendor is asked, and has no other form of them
    if isinstance(case.query, dict):
        case.query = sensible_query(path, case.query, there)
    if isinstance(case.body, dict):
        case.body = sensible_body(path, case.body, there)


def sensible_query(path: str, query: dict[str, Any], there: Known) -> dict[str, Any]:
    able = {
        "/balance": there.balance,
        "/templates": there.templates,
        "/usage": there.usage,
        "/messages": there.texts,
    }
    wanted = {"date": "2026-11-21", "provider": able.get(path), "rule": there.rules[0]}
    better = {name: wanted.get(name, value) for name, value in query.items()}
    if not better.get("provider", True):
        better.pop("provider")  # none can do it
    better.pop("cursor", None)  # only those that a page answered
    better.pop("after", None)  # the id of an event
    if "type" in query:
        better["type"] = PATTERNS[len(str(query["type"])) % len(PATTERNS)]
    if path == "/messages" and "to" in query:
        better["to"] = number(query["to"])
    if path == "/activations":
        if query.get("latest") in (True, "true"):
            return {"rule": there.rules[0], "latest": "true"}
        range_ = {"from": "2026-11-20T00:00:00Z", "to": later().isoformat()}
        better |= {name: value for name, value in range_.items() if name in query}
    return better


def sensible_body(path: str, body: dict[str, Any], there: Known) -> dict[str, Any]:
    if path in ("/messages", "/messages/explain", "/reservations"):
        return sensible_message(body, there)
    if path == "/messages/batch" and "to" in body:
        return sensible_message(body, there) | {"to": [number(each) for each in body["to"]]}
    if path == "/reservations/{id}":
        return {"text": "Hello"} | ({"sendAt": later().isoformat()} if "sendAt" in body else {})
    if path == "/short-urls":
        return {"longUrl": "https://shop.example.com/sale", "name": body.get("name", "sale")}
    if path == "/numbers/verify":
        return sensible_verification(body, there)
    if path == "/activations":
        return body | {"rule": choice(there.rules)}
    if path == "/rules/{rule}/numbers":
        better = {"number": "08043391234", "country": "JP"}
        return {"numbers": [each | better | {"group": whole(each.get("group", 1))} for each in body["numbers"]]}
    return body


def sensible_message(body: dict[str, Any], there: Known) -> dict[str, Any]:
    ahead = later()
    id_, parameters = there.template
    wanted = {
        "to": number(body.get("to")),
        "provider": there.texts,
        "from": "80013",
        "heldBy": "gateway",
        "template": {"id": id_, "values": dict.fromkeys(parameters, "Hanako")},
        "sendAt": ahead.isoformat(),
        "expiresAt": (ahead + timedelta(hours=1)).isoformat(),
    }
    better = {name: wanted.get(name, value) for name, value in body.items() if name != "subject"}
    if "text" in better:
        better["text"] = better["text"][:660]
    return better


def sensible_verification(body: dict[str, Any], there: Known) -> dict[str, Any]:
    """Of a number that nothing else is about, and for which the simulated vendors do as they are told."""
    wanted = {
        "number": f"+81901{uuid4().int % 10**6:06}9",
        "provider": there.calls if body["method"].startswith("call") else there.texts,
        "referenceDate": f"{datetime.now(UTC) - timedelta(days=30):%Y-%m-%d}",
        "lines": "any",
        "text": "Your code is {code}",
    }
    return {name: wanted.get(name, whole(value)) for name, value in body.items()}


def whole(value: Any) -> Any:
    """For a schema 7.0 is an integer as well; to be read as one it has to be written so."""
    return int(value) if isinstance(value, float) else value


def later() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


def number(seed: object) -> str:
    """One that is delivered."""
    return f"+81901{zlib.crc32(repr(seed).encode()) % 10**6:06}9"
