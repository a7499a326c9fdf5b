"""What openapi-generator 7.26 needs to write sound clients of this gateway; `generate` and `java/generate` use it.

It reads some things in the document otherwise than they are meant, in any language: see `prepared`. And some languages
need settings of their own: see `PROPERTIES`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "openapi" / "openapi.json"
METHODS = ("get", "put", "post", "patch", "delete")
NOT_FOR_CLIENTS = {"Callbacks", "Documentation"}
"""Tags of what vendors call, and browsers."""

ANNOTATIONS = {"description", "title", "examples"}
"""Keywords that forbid nothing."""

PROPERTIES = {
    "go": {
        "enumClassPrefix": "true",  # its constants share one room, and two enums have a FAILED
        "useOneOfDiscriminatorLookup": "true",  # else every member fits an event whose data is forgotten
    },
}
UNIONS = {"go", "java"}
"""Languages that write and read unions as they should, seen by the tests. Of the others C# does not compile where
several values mean one member, Rust writes the discriminator twice and then misses it, and PHP puts the schema's name
into it."""


class Trouble(Exception):
    """A program is missing or failed; the text says which, and what to do."""


def generate(language: str, out: Path, properties: dict[str, str]) -> int:
    """Writes a client into the folder, over what is there, and answers how many files. The properties are
    openapi-generator's (`--additional-properties`), and win over those of `PROPERTIES`."""
    document = prepared(json.loads(DOCUMENT.read_text()), unions=language in UNIONS)
    chosen = {"hideGenerationTimestamp": "true", **PROPERTIES.get(language, {}), **properties}
    with tempfile.TemporaryDirectory() as folder:
        source, fresh = Path(folder, "openapi.json"), Path(folder, "out")
        source.write_text(json.dumps(document))
        options = {
            "--generator-name": language,
            "--input-spec": str(source),
            "--output": str(fresh),
            "--additional-properties": ",".join(f"{name}={value}" for name, value in chosen.items()),
            "--global-property": "apiTests=false,modelTests=false",
        }
        command = [_program(), "generate", *chain.from_iterable(options.items())]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not fresh.is_dir():
            said = (done.stdout + done.stderr).strip().splitlines()
            why = [line for line in said if "error" in line.lower() or "exception" in line.lower()] or said
            raise Trouble("\n".join([f"openapi-generator did not write `{language}`:", *why[-15:]]))
        shutil.copytree(fresh, out, dirs_exist_ok=True)
        return sum(path.is_file() for path in fresh.rglob("*"))


def _program() -> str:
    installed = ROOT / ".venv" / "bin" / "openapi-generator-cli"
    program = str(installed) if os.access(installed, os.X_OK) else shutil.which("openapi-generator-cli")
    if not program:
        raise Trouble("openapi-generator-cli is not there: `make install` brings it, and so does pip (7.26.0)")
    if not shutil.which("java"):
        raise Trouble("java is not on PATH: openapi-generator needs a Java runtime, 11 or later")
    return program


def prepared(document: dict[str, Any], *, unions: bool) -> dict[str, Any]:
    """The document for openapi-generator, the one given being used up:

    - without `webhooks`: a client calls none, and their bodies would become models with names out of nowhere;
    - without the operations that are not for clients;
    - where an operation has two answers that are no errors (`verifyNumber`), with one schema that has the fields of
      both: it would read every answer as the first;
    - the same for a choice of objects without a discriminator (an event's `data`): it would read the first that can
      be read, and where fields may be missing that is any;
    - without "or anything else" (`anyOf: [X, {}]`, with which one bad item does not sink a batch), which would leave
      the items untyped;
    - unless `unions`, with one object for each union too: it has the fields of every member.
    """
    document.pop("webhooks", None)
    schemas = document["components"]["schemas"]
    for path, operations in list(document["paths"].items()):
        for method in METHODS:
            if NOT_FOR_CLIENTS.intersection(operations.get(method, {}).get("tags", ())):
                del operations[method]
        if not any(method in operations for method in METHODS):
            del document["paths"][path]
        for method in METHODS:
            if method in operations:
                _one_answer(operations[method], schemas)
    for schema in list(_objects(document)):
        _settle(schema, schemas)
        if not unions and schema.get("discriminator"):
            del schema["discriminator"]
            schema.update({**_merged(schema.pop("oneOf"), schemas), **schema})
    return document


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in it, itself included, the inner ones first."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in list(inner):
        yield from _objects(each)
    if isinstance(value, dict):
        yield value


def _one_answer(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    media = [
        answer["content"]["application/json"]
        for status, answer in operation["responses"].items()
        if status.startswith("2") and "application/json" in answer.get("content", {})
    ]
    members: list[dict[str, Any]] = []
    for each in media:
        if each["schema"] not in members:
            members.append(each["schema"])
    if len(members) > 1:
        name = operation["operationId"][0].upper() + operation["operationId"][1:] + "Out"
        schemas[name] = _merged(members, schemas) | {"description": "One of the answers: it has the fields of that."}
        for each in media:
            each["schema"] = {"$ref": f"#/components/schemas/{name}"}


def _settle(schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Makes one schema of a choice that has no discriminator, in place."""
    choice = schema.get("anyOf")
    if not isinstance(choice, list):
        return
    members = [each for each in choice if each.get("type") != "null" and each.keys() - ANNOTATIONS]
    if len(members) == 1:
        single = members[0]
    elif members and all("properties" in _resolved(each, schemas) for each in members):
        single = _merged(members, schemas)
    else:
        return
    del schema["anyOf"]
    if any(each.get("type") == "null" for each in choice):
        schema["anyOf"] = [single, {"type": "null"}]
    else:
        schema.update({**single, **schema})


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    found: dict[str, Any] = schemas[reference.rpartition("/")[2]] if reference else schema
    return found


def _merged(members: list[dict[str, Any]], schemas: dict[str, Any]) -> dict[str, Any]:
    """An object with the fields of all, of which those are required that every member requires."""
    objects = [_resolved(each, schemas) for each in members]
    properties: dict[str, Any] = {}
    for each in objects:
        for name, field in each["properties"].items():
            properties[name] = _either(properties[name], field, schemas) if name in properties else field
    required = [name for name in objects[0].get("required", ()) if all(name in o.get("required", ()) for o in objects)]
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def _either(one: dict[str, Any], other: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """A schema of what is one or the other, as far as a type of a language can say it: where only one lists its
    values, that one."""
    first, second = _core(one, schemas), _core(other, schemas)
    if first == second:
        return other if "anyOf" in other else one  # the one that may be null
    if "type" not in first or first["type"] != second.get("type"):
        return {}
    told = {"description": one["description"]} if one.get("description", "") == other.get("description") else {}
    if "properties" in first and "properties" in second:
        return {**_merged([first, second], schemas), **told}
    values, others = _values(first), _values(second)
    if values and others:
        return {"type": first["type"], "enum": list(dict.fromkeys([*values, *others])), **told}
    if values or others:
        return one if values else other
    kept = {"type": first["type"], **told}
    if "format" in first and first["format"] == second.get("format"):
        kept["format"] = first["format"]
    return kept


def _core(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """What it asks of a value that is not null."""
    for each in schema.get("anyOf", ()):
        if each.get("type") != "null":
            return _core(each, schemas)
    return {name: value for name, value in _resolved(schema, schemas).items() if name not in ANNOTATIONS}


def _values(schema: dict[str, Any]) -> list[Any]:
    return [schema["const"]] if "const" in schema else schema.get("enum", [])
