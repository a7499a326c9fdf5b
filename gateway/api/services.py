"""What the handlers work with, put together by the composition root."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from litestar.connection import ASGIConnection

from gateway.accepting import Acceptor
from gateway.activating import Activating
from gateway.api.auth import Access, Caller
from gateway.asking import Asker
from gateway.availability import Availability
from gateway.metrics import Metrics
from gateway.owners import Owners
from gateway.proving import Proving
from gateway.receipts import Receipts
from gateway.recording import Recorder
from gateway.resending import Resending
from gateway.reservations import Reservations
from gateway.routing import Routing
from gateway.rules import Rules
from gateway.settings import Network, Settings
from gateway.store.answers import Answers
from gateway.store.balances import Balances
from gateway.store.batches import Batches
from gateway.store.code_key import CodeKey
from gateway.store.feed import Feed
from gateway.store.gates import Gates
from gateway.store.health import Health
from gateway.store.messages import Store
from gateway.store.orphans import Orphans
from gateway.store.replies import Replies
from gateway.store.usage import MonthlyCounts
from gateway.transport import Transport
from gateway.verifying import Verifying
from gateway.webhooks.telling import Teller


@dataclass(frozen=True, kw_only=True)
class Services:
    """One process's. Reload replaces the whole."""

    settings: Settings
    access: Access
    store: Store
    batches: Batches
    balances: Balances
    counts: MonthlyCounts
    replies: Replies
    answers: Answers
    health: Health
    orphans: Orphans
    routing: Routing
    gates: Gates
    availability: Availability
    asker: Asker
    acceptor: Acceptor
    recorder: Recorder
    reservations: Reservations
    receipts: Receipts
    code_key: CodeKey
    owners: Owners
    verifying: Verifying
    resending: Resending
    proving: Proving
    rules: Rules
    activating: Activating
    feed: Feed
    teller: Teller
    transport: Transport
    metrics: Metrics
    callback_networks: Mapping[str, tuple[Network, ...]]
    """Per provider, where its callbacks may come from; empty: anywhere."""
    snapshots: Path | None = None
    """This process's metrics snapshot, beside those of the others; None: there are no others."""


def services(connection: ASGIConnection[Any, Any, Any, Any]) -> Services:
    return cast(Services, connection.app.state.services)


def caller(connection: ASGIConnection[Any, Any, Any, Any]) -> Caller:
    return cast(Caller, connection.scope["caller"])  # type: ignore[typeddict-item]
