"""/docs: a quick start and the reference, as one page that loads nothing. Everything in it comes from the document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from gateway.api.problems import KINDS, slug
from gateway.errors import Code
from gateway.spec.style import STYLE

Json = dict[str, Any]
_CODE = re.compile(r"`([^`]+)`")
_BOUNDS = {
    "minLength": "length at least {}",
    "maxLength": "length at most {}",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
    "minProperties": "at least {} entries",
    "maxProperties": "at most {} entries",
    "pattern": "matches {}",
    "default": "default {}",
}


def render(document: Json, base: str) -> str:
    """The page. `base`: where callers reach the gateway, for the commands to paste."""
    return "".join(_Page(document, base).parts())


class _Page:
    def __init__(self, document: Json, base: str) -> None:
        self._document = document
        self._schemas: dict[str, Json] = document["components"]["schemas"]
        self._base = base

    def parts(self) -> Iterator[str]:
        info = self._document["info"]
        title = f"{info['title']} {info['version']}"
        yield (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        )
        yield self._navigation()
        yield f"<main><h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1>"
        yield prose(info["description"])
        yield (
            '<p>The same as a document for tools: <a href="/openapi.json">openapi.json</a>, '
            '<a href="/openapi.yaml">openapi.yaml</a>.</p>'
        )
        yield self._quick_start()
        for tag in self._document["tags"]:
            yield f'<h2 id="tag-{escape(tag["name"])}">{escape(tag["name"])}</h2>{prose(tag["description"])}'
            for method, path, operation in self._operations(tag["name"]):
                yield self._operation(method, path, operation)
        yield '<h2 id="schemas">Schemas</h2>'
        for name, schema in self._schemas.items():
            yield f'<section id="schema-{escape(name)}"><h3>{escape(name)}</h3>{self._schema(schema)}</section>'
        yield f'<h2 id="problems">Problems</h2>{_problems(KINDS)}</main></body></html>\n'

    def _operations(self, tag: str) -> Iterator[tuple[str, str, Json]]:
        for path, methods in self._document["paths"].items():
            for method, operation in methods.items():
                if tag in operation["tags"]:
                    yield method, path, operation

    def _navigation(self) -> str:
        entries = ['<nav><a href="#quick-start">Quick start</a>']
        for tag in self._document["tags"]:
            entries.append(f"<b>{escape(tag['name'])}</b>")
            entries += [
                f'<a href="#{escape(operation["operationId"])}">{escape(operation["summary"])}</a>'
                for _, _, operation in self._operations(tag["name"])
            ]
        entries.append('<b>More</b><a href="#schemas">Schemas</a><a href="#problems">Problems</a></nav>')
        return "".join(entries)

    def _quick_start(self) -> str:
        body = self._document["paths"]["/messages"]["post"]["requestBody"]["content"]["application/json"]
        example = json.dumps(body["examples"]["simple"]["value"], ensure_ascii=False)
        setting = f"export GATEWAY_URL={self._base}\nexport GATEWAY_KEY='<your key>'"
        send = (
            'curl -sS "$GATEWAY_URL/messages" -H "Authorization: Bearer $GATEWAY_KEY" \\\n'
            f"  -H 'Content-Type: application/json' -H 'Prefer: wait=5' \\\n  -d '{example}'"
        )
        follow = 'curl -sS "$GATEWAY_URL/messages/<id>" -H "Authorization: Bearer $GATEWAY_KEY"'
        return (
            '<section id="quick-start"><h2>Quick start</h2>'
            "<p>A key comes from the operator, or from <code>gateway sandbox</code>, which needs no vendor account.</p>"
            f"{_pre(setting)}<p>Send a message; its <code>id</code> is in the answer:</p>{_pre(send)}"
            f"<p>See what became of it:</p>{_pre(follow)}</section>"
        )

    def _operation(self, method: str, path: str, operation: Json) -> str:
        parts = [
            f'<section id="{escape(operation["operationId"])}"><h3>{escape(operation["summary"])}</h3>',
            f'<p class="call"><b class="{method}">{method.upper()}</b> <code>{escape(path)}</code></p>',
            prose(operation["description"]),
        ]
        if given := operation.get("parameters"):
            rows = [
                (
                    f"<code>{escape(one['name'])}</code>{_required(one['required'])}",
                    escape(one["in"]),
                    self._kind(one["schema"]),
                    inline(one["description"]) + _details(one["schema"]),
                )
                for one in given
            ]
            parts.append(f"<h4>Parameters</h4>{_table(('Name', 'In', 'Type', ''), rows)}")
        if body := operation.get("requestBody"):
            parts.append("<h4>Body</h4>")
            parts += [self._content(media_type, content) for media_type, content in body["content"].items()]
        parts.append("<h4>Answers</h4>")
        parts += [self._answer(status, answer) for status, answer in operation["responses"].items()]
        return "".join(parts) + "</section>"

    def _answer(self, status: str, answer: Json) -> str:
        if "$ref" in answer:
            response = self._document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
            codes = [Code(name) for name in response["content"]["application/problem+json"]["examples"]]
            links = ", ".join(f'<a href="/problems/{slug(code)}"><code>{code}</code></a>' for code in codes)
            return f'<p class="answer"><b>{escape(status)}</b> {links}</p>'
        headers = ", ".join(f"<code>{escape(name)}</code>" for name in answer["headers"])
        content = "".join(self._content(media_type, content) for media_type, content in answer["content"].items())
        return (
            f'<p class="answer"><b>{escape(status)}</b> {inline(answer["description"])}</p>'
            f"<details><summary>Headers and body</summary><p>Headers: {headers}</p>{content}</details>"
        )

    def _content(self, media_type: str, content: Json) -> str:
        parts = [f"<p><code>{escape(media_type)}</code>: {self._kind(content['schema'])}</p>"]
        schema = content["schema"]
        if "$ref" in schema:
            parts.append(self._schema(self._schemas[schema["$ref"].rpartition("/")[2]]))
        for example in content.get("examples", {}).values():
            parts.append(f"<p>{inline(example['summary'])}:</p>{_pre(_shown(example['value']))}")
        if "example" in content:
            parts.append(f"<p>Example:</p>{_pre(_shown(content['example']))}")
        return "".join(parts)

    def _schema(self, schema: Json) -> str:
        described = prose(schema.get("description", ""))
        if "enum" in schema:
            return described + f"<p>{_values(schema['enum'])}</p>"
        required = schema.get("required", ())
        rows = [
            (
                f"<code>{escape(name)}</code>{_required(name in required)}",
                self._kind(field),
                inline(field.get("description", "")) + _details(field),
            )
            for name, field in schema.get("properties", {}).items()
        ]
        return described + (_table(("Field", "Type", ""), rows) if rows else "<p>No fields.</p>")

    def _kind(self, schema: Json) -> str:
        """A schema's type in a few words."""
        if "$ref" in schema:
            name = escape(schema["$ref"].rpartition("/")[2])
            return f'<a href="#schema-{name}">{name}</a>'
        if "anyOf" in schema:
            return " or ".join(self._kind(choice) for choice in schema["anyOf"])
        kinds = schema.get("type", "anything")
        if isinstance(kinds, list):
            return " or ".join(escape(kind) for kind in kinds)
        if kinds == "array":
            return f"list of {self._kind(schema.get('items', {}))}"
        if isinstance(inner := schema.get("additionalProperties"), dict):
            return f"names to {self._kind(inner)}"
        return "time" if schema.get("format") == "date-time" else escape(kinds)


def prose(text: str) -> str:
    """Paragraphs, with `code` in them."""
    return "".join(f"<p>{inline(paragraph)}</p>" for paragraph in text.split("\n\n") if paragraph)


def inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _required(required: bool) -> str:
    return ' <span class="required">required</span>' if required else ""


def _details(schema: Json) -> str:
    """A field's constraints, under its description."""
    told = [
        words.format(f"<code>{escape(_shown(schema[name]))}</code>")
        for name, words in _BOUNDS.items()
        if name in schema
    ]
    if "enum" in schema:
        told.insert(0, f"one of {_values(schema['enum'])}")
    if "const" in schema:
        told.insert(0, f"always {_values([schema['const']])}")
    return f'<div class="bounds">{"; ".join(told)}</div>' if told else ""


def _values(values: Iterable[object]) -> str:
    return ", ".join(f"<code>{escape(value if isinstance(value, str) else _shown(value))}</code>" for value in values)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _pre(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """`rows` are markup already."""
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="table"><table><tr>{names}</tr>{body}</table></div>'


def _problems(codes: Iterable[Code]) -> str:
    rows = [
        (
            str(KINDS[code].status),
            f'<a href="/problems/{slug(code)}"><code>{code}</code></a>',
            inline(KINDS[code].happened),
            inline(KINDS[code].do),
        )
        for code in codes
    ]
    return _table(("Status", "Code", "What happened", "What to do"), rows)
