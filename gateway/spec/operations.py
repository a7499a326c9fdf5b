"""Every operation of the API, in the order a newcomer meets them; held against the routes by a test."""

from __future__ import annotations

from gateway.spec import (
    batches,
    callbacks,
    documentation,
    events,
    messages,
    reservations,
    rules,
    system,
    vendors,
    verifications,
)
from gateway.spec.entry import Operation

OPERATIONS: tuple[Operation, ...] = (
    *messages.OPERATIONS,
    *batches.OPERATIONS,
    *reservations.OPERATIONS,
    *verifications.OPERATIONS,
    *rules.OPERATIONS,
    *events.OPERATIONS,
    *vendors.OPERATIONS,
    *system.OPERATIONS,
    *callbacks.OPERATIONS,
    *documentation.OPERATIONS,
)
