"""Serving the specification."""

from __future__ import annotations

HANDLERS: tuple[()] = ()
