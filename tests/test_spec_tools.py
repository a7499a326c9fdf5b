"""The committed documents by other people's tools: linters with our rules, and what changed since the last release."""

from __future__ import annotations

import json
import os
import re
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools import ROOT, need

OPENAPI = ROOT / "openapi"
DOCUMENT: dict[str, Any] = json.loads((OPENAPI / "openapi.json").read_text())
RELEASED = OPENAPI / "released.json"
FILES = ("openapi.json", "openapi.yaml", "openapi-3.0.json")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=240, env={**os.environ, **quiet}, check=False
    )


def spectral(*files: Path) -> subprocess.CompletedProcess[str]:
    ruleset = str(OPENAPI / "spectral.yaml")
    options = ("--ruleset", ruleset, "--fail-severity", "hint", "--format", "json")
    return run(need("spectral"), "lint", *options, *map(str, files))


def redocly(*files: Path) -> subprocess.CompletedProcess[str]:
    options = ("--config", str(OPENAPI / "redocly.yaml"), "--format", "json")
    return run(need("redocly"), "lint", *options, *map(str, files))


def test_spectral_finds_nothing() -> None:
    told = spectral(*(OPENAPI / name for name in FILES))
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("name", FILES)
def test_redocly_finds_nothing(name: str) -> None:
    told = redocly(OPENAPI / name)
    assert told.returncode == 0, told.stdout + told.stderr


def spoiled() -> dict[str, Any]:
    """The document with one fault for each rule of ours."""
    bad = deepcopy(DOCUMENT)
    paths = bad["paths"]
    paths["/messages"]["get"]["operationId"] = "List-Messages"
    paths["/messages/explain"]["post"]["summary"] = ""
    del paths["/reservations"]["get"]["x-scope"]
    paths["/Bad_Path"] = paths.pop("/me")
    answers = paths["/messages"]["post"]["responses"]
    del answers["202"]["headers"]["X-Request-Id"]
    del answers["201"]["content"]["application/json"]["example"]
    del paths["/messages"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    refusals = bad["components"]["responses"]
    answers["409"] = {"description": "x", "headers": answers["202"]["headers"], "content": {"text/plain": {}}}
    del refusals["Unauthorized"]["headers"]["WWW-Authenticate"]
    del refusals["RateLimited"]["headers"]["Retry-After"]
    del refusals["RateLimited"]["headers"]["RateLimit"]
    schemas = bad["components"]["schemas"]
    del schemas["MessageIn"]["additionalProperties"]
    schemas["MessageOut"]["properties"]["client_tag"] = schemas["MessageOut"]["properties"].pop("clientTag")
    del schemas["MessageOut"]["properties"]["status"]["description"]
    del schemas["FeedEventOut"]["discriminator"]
    return bad


def test_every_rule_of_ours_bites(tmp_path: Path) -> None:
    (bad := tmp_path / "bad.json").write_text(json.dumps(spoiled()))
    found = {each["code"] for each in json.loads(spectral(bad).stdout)}
    rules = {name for name in yaml.safe_load((OPENAPI / "spectral.yaml").read_text())["rules"] if "gateway-" in name}
    assert rules <= found, rules - found


def test_redocly_sees_an_example_that_does_not_fit(tmp_path: Path) -> None:
    document = deepcopy(DOCUMENT)
    document["paths"]["/me"]["get"]["responses"]["200"]["content"]["application/json"]["example"] = {"client": 1}
    (bad := tmp_path / "bad.json").write_text(json.dumps(document))
    told = redocly(bad)
    assert told.returncode == 1
    assert "no-invalid-media-type-examples" in told.stdout


def breaking(new: Path) -> subprocess.CompletedProcess[str]:
    return run(need("oasdiff"), "breaking", str(RELEASED), str(new), "--fail-on", "ERR", "--format", "singleline")


def may_break(released: str, now: str) -> bool:
    """Whether a version may break what the other promised, by semantic versioning."""

    def promise(version: str) -> tuple[int, int]:
        major, minor = (int(part) for part in re.findall(r"[0-9]+", version)[:2])
        return (major, 0) if major else (0, minor)

    return promise(now) > promise(released)


def test_nothing_that_was_released_breaks() -> None:
    released = json.loads(RELEASED.read_text())["info"]["version"]
    told = breaking(OPENAPI / "openapi.json")
    if told.returncode and not may_break(released, DOCUMENT["info"]["version"]):
        pytest.fail(f"breaks {released}; give it another version (pyproject.toml), or take it back:\n{told.stdout}")
    assert told.returncode in (0, 1), told.stderr


def test_a_break_is_seen(tmp_path: Path) -> None:
    document = json.loads(RELEASED.read_text())
    del document["components"]["schemas"]["MessageOut"]["properties"]["status"]
    document["components"]["schemas"]["MessageOut"]["required"].remove("status")
    (bad := tmp_path / "bad.json").write_text(json.dumps(document))
    told = breaking(bad)
    assert told.returncode == 1
    assert "status" in told.stdout


def test_versions_that_may_break() -> None:
    assert may_break("0.1.0", "0.2.0")
    assert may_break("0.9.0", "1.0.0")
    assert may_break("1.4.0", "2.0.0")
    assert not may_break("0.1.0", "0.1.1")
    assert not may_break("1.4.0", "1.5.0")
    assert not may_break("1.4.0", "1.4.0")
