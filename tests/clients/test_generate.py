"""`clients/generate`, and what it makes of the document for openapi-generator."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tools import ROOT, need

CLIENTS = ROOT / "clients"
DOCUMENT = ROOT / "openapi" / "openapi.json"


def prepared(*, unions: bool) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("openapi_generator", CLIENTS / "openapi_generator.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    document: dict[str, Any] = module.prepared(json.loads(DOCUMENT.read_text()), unions=unions)
    return document


def schemas(value: Any) -> Iterator[dict[str, Any]]:
    """Every schema in it, and every other object; not the examples."""
    if isinstance(value, dict):
        yield value
        for name, each in value.items():
            if name not in ("example", "examples"):
                yield from schemas(each)
    elif isinstance(value, list):
        for each in value:
            yield from schemas(each)


@pytest.mark.parametrize("unions", [True, False], ids=["unions", "no_unions"])
def test_nothing_is_left_that_the_generator_misreads(unions: bool) -> None:
    document = prepared(unions=unions)
    assert "webhooks" not in document
    for schema in schemas(document):
        if "anyOf" in schema:
            one, null = schema["anyOf"]
            assert one.get("type") != "null"
            assert null == {"type": "null"}
        if "oneOf" in schema:
            assert unions
            assert schema["discriminator"]["mapping"]
        if schema.get("type") in ("integer", ["integer", "null"]):
            assert schema.get("maximum", 2**31) < 2**31 or schema["format"] == "int64"
        for name, field in schema.get("properties", {}).items():
            assert field.keys() - {"description", "examples"}, f"{name} may be anything"
            assert field.get("type") != "null", name
    for operations in document["paths"].values():
        for method, operation in operations.items():
            if method in ("get", "put", "post", "patch", "delete"):
                answers = [
                    answer["content"]["application/json"]["schema"]
                    for status, answer in operation["responses"].items()
                    if status.startswith("2") and "application/json" in answer.get("content", {})
                ]
                assert all(answer == answers[0] for answer in answers), operation["operationId"]


def test_every_reference_leads_somewhere_and_no_operation_for_clients_is_lost() -> None:
    before, document = json.loads(DOCUMENT.read_text()), prepared(unions=False)
    for schema in schemas(document):
        if isinstance(reference := schema.get("$ref"), str):
            _, _, room, name = reference.split("/")
            assert name in document["components"][room]

    def operations(of: dict[str, Any]) -> dict[str, list[str]]:
        found = [each for path in of["paths"].values() for each in path.values() if isinstance(each, dict)]
        return {each["operationId"]: each["tags"] for each in found}

    lost = operations(before).keys() - operations(document).keys()
    assert {tag for name in lost for tag in operations(before)[name]} == {"Callbacks", "Documentation"}


def test_without_unions_an_object_has_the_fields_of_every_member() -> None:
    found = prepared(unions=False)["components"]["schemas"]
    union = found["VerificationIn"]
    assert union["required"] == ["method", "number"]
    assert union["properties"]["method"]["enum"] == ["owner", "call_in", "call_out", "sms_code"]
    assert union["properties"].keys() >= {"referenceDate", "rings", "lines", "length", "validMinutes", "clientTag"}
    event = found["FeedEventOut"]["properties"]
    assert {"message.delivered", "verification.failed", "activation.started"} <= set(event["type"]["enum"])
    assert event["data"]["properties"].keys() >= {"id", "status", "final", "text", "method", "rule"}
    assert "required" not in event["data"]  # a test event has none of them
    assert event["data"]["properties"].keys() >= {"text", "callNumber", "activationId"}
    assert {"delivered", "verified", "started"} <= set(event["data"]["properties"]["status"]["enum"])


def run(program: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program), *arguments],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["go"],
        ["go", "a", "b"],
        ["java", "go"],
        ["java", "-p", "a=b"],
        ["go", "out", "-p", "ab"],
        ["go", "out", "-p", "a=,"],
    ],
    ids=lambda arguments: "_".join(arguments),
)
def test_a_wrong_command_is_told(arguments: list[str]) -> None:
    done = run(CLIENTS / "generate", *arguments)
    assert done.returncode == 2
    assert "usage: generate" in done.stderr


def test_a_language_that_is_none_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    need("java")
    done = run(CLIENTS / "generate", "klingon", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "klingon" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_missing_java_is_told(tmp_path: Path) -> None:
    arguments = str(CLIENTS / "generate"), "go", str(tmp_path / "out")
    done = run(Path(sys.executable), *arguments, PATH=str(tmp_path))
    assert done.returncode == 1
    assert "java is not on PATH" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The script, with clients beside it that only say which they are; that of typescript fails."""
    shutil.copy(CLIENTS / "generate", tmp_path / "generate")
    shutil.copy(CLIENTS / "openapi_generator.py", tmp_path / "openapi_generator.py")
    for name, code in (("python", 0), ("typescript", 3), ("java", 0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "generate").write_text(f"#!/bin/sh\necho {name}\nexit {code}\n")
        (tmp_path / name / "generate").chmod(0o755)
    return tmp_path


def test_it_runs_all_or_those_named_and_goes_on_after_a_failure(copied: Path) -> None:
    done = run(copied / "generate")
    assert (done.returncode, done.stdout.split()) == (1, ["python", "typescript", "java"])
    assert done.stderr == "failed: typescript\n"
    done = run(copied / "generate", "java", "python")
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["java", "python"], "")


def test_each_client_of_the_readme_is_there_and_generates() -> None:
    text = (CLIENTS / "README.md").read_text()
    for name in ("python", "typescript", "java"):
        assert f"]({name}/README.md)" in text
        assert os.access(CLIENTS / name / "generate", os.X_OK)
        assert (CLIENTS / name / "README.md").exists()
