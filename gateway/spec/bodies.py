"""Answers the API puts together without a schema of its own, as structs. The contract tests hold both together."""

from __future__ import annotations

from typing import Literal

import msgspec

from gateway.availability import Standing
from gateway.store.health import StoreHealth


class Liveness(msgspec.Struct):
    """The process answers."""

    status: Literal["ok"]


class Readiness(msgspec.Struct):
    """Whether messages can be accepted now, and what was found."""

    status: Literal["ok"]
    store: StoreHealth
    providers: dict[str, Standing]
