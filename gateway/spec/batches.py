"""Batches in the document: their operations, and the words for their fields."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.spec.entry import Operation
from gateway.spec.words import Extra

FIELDS: Mapping[str, Mapping[str, Extra]] = {}

OPERATIONS: tuple[Operation, ...] = ()
