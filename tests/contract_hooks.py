"""Loaded by `schemathesis run` (see schemathesis.toml): requests that are meant to be valid are made so, by what the
gateway under test says of itself."""

from __future__ import annotations

from typing import Any

import schemathesis

from tests.contract_live import known, resume, sensible


def _key(case: schemathesis.Case) -> str:
    """As given with `-H`."""
    return str((case.operation.schema.config.headers or {}).get("Authorization", ""))


@schemathesis.hook
def before_call(context: Any, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    sensible(case, known(str(case.operation.base_url), _key(case)))


@schemathesis.hook
def after_call(context: Any, case: schemathesis.Case, response: Any) -> None:
    resume(case, response, _key(case))
