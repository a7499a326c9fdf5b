"""What the one list is read for besides messages: the tables, the sandbox, the published document."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gateway.providers import TYPES
from gateway.routing import Routing
from gateway.sandbox import readme
from gateway.sandbox.run import Sandbox
from gateway.spec.document import as_json
from tests.conformance.candidate import Candidate


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return Sandbox(tmp_path_factory.mktemp("sandbox"), "127.0.0.1", 8080)


def column(table: str, name: str) -> dict[str, str]:
    """The cells of a column, by the first one of their row."""
    head, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    assert name in head
    return {row[0]: row[head.index(name)] for row in rows}


def test_the_table_of_capabilities_tells_the_truth(anyone: Candidate) -> None:
    told, able = column(readme.capabilities(TYPES), anyone.kind.name), anyone.able
    yes = {
        "texts": able.messages,
        "delivery reports": able.delivery_reports,
        "status query": able.status_query,
        "sender (`from`)": able.sender,
        "`subject`": able.subject,
        "its own templates": able.templates,
        "short URLs": able.short_urls,
        "balance": able.balance,
        "usage": able.usage,
        "rules (call trees)": able.rules,
    }
    assert {name: told.pop(name) for name in yes} == {name: "yes" if is_so else "no" for name, is_so in yes.items()}
    assert told.pop("countries") == (", ".join(sorted(able.countries)) or "all")
    assert told.pop("`carrier` hints") == (", ".join(sorted(able.carriers)) or "no")
    assert told.pop("guarantee") == anyone.kind.guarantee
    assert told.pop("receivers in a request") == (str(able.receivers) if able.messages else "no")
    assert set(re.findall(r"`(\w+)`", told.pop("verifies numbers"))) == able.verification
    assert all(str(bound) in told["longest text"] for bound in (able.characters, able.octets) if bound)
    keeps = told.pop("keeps reservations")
    assert keeps.startswith("yes" if able.reservations else "no")
    if able.reservations:
        assert (f"{able.reservations.ahead // 60} minutes ahead" in keeps) == bool(able.reservations.ahead)
        assert ("to the minute" in keeps) == (able.reservations.whole == 60)
        assert ("not cancelable" in keeps) != able.reservations.cancelable
    assert (told["`options`"] == "no") == (anyone.kind.options is None)


def test_the_table_of_endings_has_them_all(anyone: Candidate) -> None:
    told = column(readme.endings(TYPES), f"at {anyone.kind.name}")
    for ending, said in anyone.simulator.endings().items():
        assert told[f"`{ending}`"] in (said, "the same")


def test_the_sandbox_plays_it_and_says_how_to_reach_it(anyone: Candidate, sandbox: Sandbox) -> None:
    name, settings = anyone.kind.name, sandbox.settings
    assert settings.providers[name].type == name
    assert f"vendor-{name}" in dict(sandbox.processes())
    routing = Routing(settings.providers, settings.routes)
    bodies = [json.loads(body) for body in re.findall(r"-d '(.+)'", sandbox.greeting())]
    reached = [
        routing.choose(anyone.content(body["text"], to=body["to"]), settings.clients["sandbox"], body.get("provider"))
        for body in bodies
    ]
    assert reached.count((name,)) == anyone.able.messages
    assert all(rule in sandbox.greeting() for rule in settings.providers[name].rules)


def test_the_sandbox_s_routes_lead_to_the_first_of_a_country(anyone: Candidate, sandbox: Sandbox) -> None:
    serving = {country: route.providers for route in sandbox.settings.routes for country in route.countries}
    for country in anyone.able.countries:
        first = next(name for name, kind in TYPES.items() if country in kind.capabilities.countries)
        assert serving[country] == (first,)


def test_the_published_document_has_its_options(anyone: Candidate) -> None:
    published = json.loads(as_json())["components"]["schemas"]["OptionsIn"]["properties"]
    assert (anyone.kind.name in published) == (anyone.kind.options is not None)
    if anyone.kind.options:
        assert anyone.kind.options.__name__ in json.dumps(published[anyone.kind.name])


def test_nothing_but_its_folder_and_the_list_names_it(anyone: Candidate) -> None:
    name, root = anyone.kind.name, Path(readme.__file__).parents[1]
    naming = [path for path in root.rglob("*.py") if name in path.read_text().lower()]
    own = (f"providers/{name}/", "providers/__init__.py", f"sandbox/{name}")
    assert not [path for path in naming if not str(path.relative_to(root)).startswith(own)]
