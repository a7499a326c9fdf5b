"""The Java client: what is generated compiles, reads and writes what the document says, and does its work."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.clients.java_tools import CLIENT, Java, java
from tests.clients.sandbox import sandbox
from tests.tools import ROOT

__all__ = ["java"]

DOCUMENT = ROOT / "openapi" / "openapi.json"


def prepared() -> dict[str, Any]:
    """The document as the generator gets it."""
    spec = importlib.util.spec_from_file_location("openapi_generator", ROOT / "clients" / "openapi_generator.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    document: dict[str, Any] = module.prepared(json.loads(DOCUMENT.read_text()), unions=True)
    return document


def test_the_smoke_program_does_what_everybody_does(java: Java, tmp_path: Path) -> None:
    with sandbox(tmp_path) as here:
        done = java.run("io.messagegateway.Smoke", **here)
        assert done.returncode == 0, done.stdout + done.stderr
        lines = done.stdout.splitlines()
        assert lines[-1] == "all went well"
        assert sum(line.startswith(("told by webhook: message.delivered", "refused a forged")) for line in lines) == 2

        key = "not-a-key-of-this-gateway"
        done = java.run("io.messagegateway.Smoke", GATEWAY_URL=here["GATEWAY_URL"] + "/", GATEWAY_KEY=key)
        assert done.returncode == 1
        assert "401" in done.stderr
        assert key not in done.stdout + done.stderr


def test_the_readme_s_first_message_is_sent_as_it_is_printed(java: Java, tmp_path: Path) -> None:
    (program,) = re.findall(r"```java\n(public class FirstMessage.*?|import .*?class FirstMessage.*?)```", text(), re.S)
    (tmp_path / "FirstMessage.java").write_text(program)
    compiled = java.compile(tmp_path, tmp_path / "FirstMessage.java")
    with sandbox(tmp_path) as here:
        done = compiled.run("FirstMessage", **here)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"msg_\w{26} delivered\n", done.stdout)


def text() -> str:
    return (CLIENT / "README.md").read_text()


GIVEN = {
    "messages.sendMessage(body, key, null); //": "MessagesApi messages, MessageIn body",
    "catch (ApiException e)": "ApiClient client, MessagesApi messages, MessageIn body, String key",
    "getNextCursor()": "MessagesApi messages",
    "webhooks.verify(": "ApiClient client, String secret, byte[] body, Request request",
}
"""What the README's other programs take as given, by something that is in each."""


def test_the_readme_s_other_programs_compile(java: Java, tmp_path: Path) -> None:
    programs = [each for each in re.findall(r"```java\n(.*?)```", text(), re.S) if "class FirstMessage" not in each]
    assert len(programs) == len(GIVEN)
    methods = [
        f"void method{n}({given}) throws Exception {{\n{program}}}\n"
        for n, (program, (mark, given)) in enumerate(zip(programs, GIVEN.items(), strict=True))
        if mark in program
    ]
    assert len(methods) == len(programs)
    rooms = ("", "client.", "client.api.", "client.api.MessagesApi.", "client.model.")
    imports = "".join(f"import io.messagegateway.{room}*;\n" for room in rooms) + "import java.util.UUID;\n"
    request = "interface Request { String getHeader(String name); }\n"
    (tmp_path / "Readme.java").write_text(f"{imports}abstract class Readme {{\n{request}{''.join(methods)}}}\n")
    java.compile(tmp_path, tmp_path / "Readme.java")


def test_it_reads_and_writes_every_example_of_the_document(java: Java) -> None:
    given = sorted(set(examples()))
    assert len(given) > 60
    done = java.run("RoundTrip", "".join(f"{name}\t{each}\n" for name, each in given))
    assert done.returncode == 0, done.stderr
    answers = [line.split("\t", 1) for line in done.stdout.splitlines()]
    assert len(answers) == len(given)
    for (name, before), (became, after) in zip(given, answers, strict=True):
        assert comparable(json.loads(after)) == comparable(json.loads(before)), name
        assert became == UNIONS.get(name, lambda _, name=name: name)(json.loads(before)), name


METHODS = {"owner": "OwnerIn", "call_in": "CallInIn", "call_out": "CallOutIn", "sms_code": "SmsCodeIn"}
UNIONS: dict[str, Any] = {
    "VerificationIn": lambda body: METHODS[body["method"]],
    "FeedEventOut": lambda event: event["type"].partition(".")[0].capitalize() + "EventOut",
}


def examples() -> Iterator[tuple[str, str]]:
    """Each with the name of its schema."""
    for operations in prepared()["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                for part in (operation.get("requestBody", {}), *operation["responses"].values()):
                    for media in part.get("content", {}).values():
                        yield from of(media)
    for hook in json.loads(DOCUMENT.read_text())["webhooks"].values():
        for _, example in of(hook["post"]["requestBody"]["content"]["application/json"]):
            yield "FeedEventOut", example


def of(media: dict[str, Any]) -> Iterator[tuple[str, str]]:
    given = [each["value"] for each in media.get("examples", {}).values()]
    for example in [*given, *([media["example"]] if "example" in media else [])]:
        if isinstance(example, dict):
            yield media["schema"].get("$ref", "").rpartition("/")[2], json.dumps(example)


def comparable(value: Any) -> Any:
    """Without what is null, and with instants for times."""
    if isinstance(value, dict):
        return {name: comparable(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [comparable(each) for each in value]
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT.*", value):
        return datetime.fromisoformat(value)
    return value


@pytest.mark.parametrize("name", ["what_a_later_gateway_adds", "what_a_later_gateway_says"])
def test_a_later_gateway_is_understood(java: Java, name: str) -> None:
    """A field, or a value of an enum, that this client does not know."""
    later = {"what_a_later_gateway_adds": {"mood": "good"}, "what_a_later_gateway_says": {"status": "read_aloud"}}
    body = {"id": "msg_1", "status": "delivered", "final": True, "to": "", "text": "", **later[name]}
    done = java.run("RoundTrip", f"MessageOut\t{json.dumps(body)}\n")
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout.partition("\t")[2])
    assert "mood" not in read
    assert read["status"] == ("unknown_default_open_api" if "status" in later[name] else "delivered")


def test_the_union_of_both_answers_to_a_verification_is_read(java: Java) -> None:
    """An owner's is another one than those of the other methods."""
    given = 'VerifyNumberOut\t{"result": "same_owner"}\nVerifyNumberOut\t{"id": "ver_1", "status": "pending"}\n'
    owner, code = (line.split("\t")[1] for line in java.run("RoundTrip", given).stdout.splitlines())
    assert comparable(json.loads(owner)) == {"result": "same_owner"}
    assert comparable(json.loads(code)) == {"id": "ver_1", "status": "pending"}


def test_it_is_generated_anew_the_same_and_nothing_old_stays(java: Java, tmp_path: Path) -> None:
    (tmp_path / "Old.java").write_text("class Old {}")
    done = subprocess.run(
        [str(CLIENT / "generate"), "."], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"java: \d+ sources in .*\n", done.stdout)
    first, again = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.java")}
        for folder in (java.generated, tmp_path)
    )
    assert first == again
    assert len(again) > 80
