"""What is asked of vendors beside messages, in the document: its operations, and the words for its fields."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.spec.entry import Operation
from gateway.spec.words import Extra

FIELDS: Mapping[str, Mapping[str, Extra]] = {}

OPERATIONS: tuple[Operation, ...] = ()
