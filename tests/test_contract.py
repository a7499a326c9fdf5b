"""The API against its own document: what schemathesis can think of, sent to a whole gateway over the wire."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.contract_live import STRANGERS, Known, Live, known, resume, sensible
from tests.harness import ADMIN_KEY

load_all_checks()

once = pytest.mark.parametrize("redis_server", ["single"], indirect=True)
"""What is asked here has nothing to do with how Redis is laid out."""

# Without its hooks, which would be there for every other test of this process too: tests say themselves what is done.
CONFIG: dict[str, Any] = tomllib.loads((Path(__file__).parent.parent / "schemathesis.toml").read_text())
del CONFIG["hooks"]
CONFIG["generation"] |= {"deterministic": True, "max-examples": 20}
CONFIG["auth"] = {"openapi": {"bearer": {"bearer": ADMIN_KEY}}}


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


@pytest.fixture
def there(live: Live) -> Known:
    return known(live.url, f"Bearer {ADMIN_KEY}")


@once
@api.parametrize()
def test_valid_requests_are_taken_and_others_refused(case: schemathesis.Case, there: Known, redis_server: str) -> None:
    sensible(case, there)
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
def test_links_lead_where_they_say(document: Any, there: Known, redis_server: str) -> None:
    """Nothing is dispatched meanwhile and each journey is a client's first: what can be canceled stays so, and every
    run sees the same."""
    strangers = iter(STRANGERS)

    class Journey(document.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            self.key = next(strangers)

        def before_call(self, case: schemathesis.Case) -> None:
            sensible(case, there)
            case.headers["Authorization"] = f"Bearer {self.key}"
            case.headers.pop("Prefer", None)
            if isinstance(case.body, dict) and "clientTag" in case.body:
                case.body["clientTag"] = uuid4().hex

        def after_call(self, response: Any, case: schemathesis.Case) -> None:
            resume(case, response, f"Bearer {ADMIN_KEY}")

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
