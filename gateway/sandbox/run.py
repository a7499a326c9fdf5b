"""The configuration and the simulated vendors of `gateway sandbox`: one of each type in the one list of them."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import phonenumbers
import uvloop

from gateway.provider import ProviderType, ProviderTypes
from gateway.providers import TYPES
from gateway.sandbox.server import Simulator, resolve
from gateway.settings import Settings, key_digest, parse

DELAY, LATE = 0.3, 5.0
"""Seconds until a receipt, and until one that comes late."""

CONFIG = """
[gateway]
public_url = {public_url}
data_dir = {data_dir}

[clients.sandbox]
keys = [{{ sha256 = "{digest}", scopes = ["send", "read", "admin"] }}]

[templates.welcome]
text = "Hello {{name}}"
"""
HOOK = """
[[webhooks]]
name = "sandbox"
client = "sandbox"
url = {url}
secret = {secret}
allow_private = true
"""
QUICK = {"timeout": "3s", "reconcile_after": "10s"}
"""Where no receipt comes, nobody in a sandbox waits half an hour until the vendor is asked."""


class Sandbox:
    """A ready configuration with a fresh key, and the processes that play the vendors. Not within an event loop.

    `hook`: an address that is told of every event, with `hook_secret` or a new one. Raises SettingsError where it is
    no address, or the secret is none."""

    def __init__(
        self,
        data_dir: Path,
        host: str,
        port: int,
        key: str | None = None,
        hook: str | None = None,
        hook_secret: str | None = None,
    ) -> None:
        self.hook_secret = hook_secret or f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"
        self.key = key or f"sandbox_{secrets.token_urlsafe(16)}"
        self.base_url = f"http://{host}:{port}"
        self._secret = secrets.token_urlsafe(16)
        self._vendors: dict[str, Callable[[], Simulator]] = {
            name: partial(simulator.play, f"{self.base_url}/callbacks/{name}/{self._secret}", delay=DELAY, late=LATE)
            for name, simulator in simulators(TYPES).items()
        }
        self._urls = asyncio.run(_free_urls(self._vendors))
        self._routes = routes({name: TYPES[name] for name in self._vendors})
        config = CONFIG.format(
            public_url=_toml(self.base_url), data_dir=_toml(str(data_dir)), digest=key_digest(self.key).hex()
        )
        sections = [
            section(name, TYPES[name], QUICK | {"base_url": self._urls[name], "callback_secret": self._secret})
            for name in self._vendors
        ]
        hooks = [HOOK.format(url=_toml(hook), secret=_toml(self.hook_secret))] if hook else []
        text = "\n".join([config, *sections, *self._routes.values(), *hooks])
        self.settings: Settings = parse(text, TYPES, {}, data_dir)

    def processes(self) -> tuple[tuple[str, Callable[[int], None]], ...]:
        """The simulated vendors, for the supervisor."""
        return tuple(
            (f"vendor-{name}", partial(_play, vendor, urlsplit(self._urls[name]).port or 0))
            for name, vendor in self._vendors.items()
        )

    def greeting(self) -> str:
        """What a newcomer is told."""
        first, *others = (name for name in self._vendors if TYPES[name].capabilities.messages)
        by_others = "\n".join(f"  -d '{json.dumps(self._example(name))}'" for name in others)
        rules = [rule for provider in self.settings.providers.values() for rule in provider.rules]
        told = "".join(
            f"\nEvents are told to {hook.url}, signed with {self.hook_secret}" for hook in self.settings.webhooks
        )
        endings = {ending for simulator in simulators(TYPES).values() for ending in simulator.endings()}
        return f"""\
The sandbox is running at {self.base_url} (nothing leaves this machine).

  Base URL       {self.base_url}
  Authorization: Bearer {self.key}

Send a first message and wait for the vendor's answer:

  curl -sS {self.base_url}/messages \\
    -H 'Authorization: Bearer {self.key}' -H 'Content-Type: application/json' -H 'Prefer: wait=5' \\
    -d '{json.dumps(self._example(first) | {"clientTag": "first"})}'

Its receipt arrives within a second; see it delivered:

  curl -sS '{self.base_url}/messages?clientTag=first' -H 'Authorization: Bearer {self.key}'

By the other vendors ({", ".join(others)}): the first command with

{by_others}

Call trees to set off (POST /activations): {", ".join(rules)}.
Numbers that end like these behave otherwise (`gateway endings` says how): {", ".join(sorted(endings))}.{told}
What the telephones get is shown here. Ctrl-C ends the sandbox.
"""

    def _example(self, name: str) -> dict[str, str]:
        """A message that this provider carries."""
        body = {"to": example_number(TYPES[name]), "text": "Hello"}
        return body if name in self._routes else body | {"provider": name}


def simulators(types: ProviderTypes) -> dict[str, type[Simulator]]:
    """The simulated vendor of each type that has one."""
    found = {name: resolve(kind.simulator) for name, kind in types.items()}
    return {name: simulator for name, simulator in found.items() if simulator}


def section(name: str, kind: ProviderType, more: Mapping[str, Any]) -> str:
    """`[providers.NAME]` for the account that the type's simulator plays; `more`: further keys."""
    simulator = resolve(kind.simulator)
    assert simulator
    keys = {"type": kind.name, **simulator.SETTINGS, **more}
    return "\n".join([f"[providers.{name}]", *(f"{key} = {_toml(value)}" for key, value in keys.items()), ""])


def routes(types: ProviderTypes) -> dict[str, str]:
    """`[[routes]]` by provider: of a country's providers the first serves it. The others serve by name only: with
    failover, some endings at the one would turn into those at the other."""
    found: dict[str, str] = {}
    served: set[str] = set()
    everywhere = ""
    for name, kind in types.items():
        able = kind.capabilities
        if able.messages and not able.countries:
            everywhere = everywhere or name
        elif able.messages and (countries := sorted(able.countries - served)):
            served.update(countries)
            found[name] = f"[[routes]]\ncountries = {_toml(countries)}\nproviders = [{_toml(name)}]\n"
    if everywhere:
        found[everywhere] = f"[[routes]]\nproviders = [{_toml(everywhere)}]\n"
    return found


def example_number(kind: ProviderType, ending: str = "") -> str:
    """A mobile number (E.164) in a country the type delivers to, with these last digits."""
    country = min(kind.capabilities.countries, default="JP")
    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    assert example, f"no example of a mobile number in {country}"
    number = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    return number[: len(number) - len(ending)] + ending


def _toml(value: str | int | list[str] | Mapping[str, Any]) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_toml(key)} = {_toml(inner)}' for key, inner in value.items())} }}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


async def _free_urls(vendors: Mapping[str, Callable[[], Simulator]]) -> dict[str, str]:
    """A base URL for each, on ports that differ."""
    urls = {}
    async with AsyncExitStack() as stack:
        for name, play in vendors.items():
            vendor = play()
            await vendor.start()
            stack.push_async_callback(vendor.stop)
            urls[name] = vendor.base_url
    return urls


def _play(play: Callable[[], Simulator], port: int, alive: int) -> None:
    """One vendor's process: until SIGTERM or SIGINT, or until `alive` tells that the supervisor died."""

    async def main() -> None:
        vendor = play()
        vendor.show = lambda number, what: print(f"  [{number}] {what}", flush=True)
        loop = asyncio.get_running_loop()
        loop.add_reader(alive, lambda: os._exit(1))
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await vendor.start(port=port)
        await stop.wait()
        await vendor.stop()

    uvloop.run(main())
