"""The pages for people: whole without a script, sealed, and made of what the document says."""

from __future__ import annotations

import hashlib
import json
import re
from html import unescape
from html.parser import HTMLParser
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gateway.api.problems import KINDS, MEDIA_TYPE, RETRYABLE, slug
from gateway.errors import Code
from gateway.model.outcome import Guarantee
from gateway.providers import TYPES
from gateway.providers.abilities import abilities
from gateway.spec import files, page, problem_pages, routes
from gateway.spec.document import build
from tests.harness import Harness

once = pytest.mark.parametrize("redis_server", ["single"], indirect=True)
each_file = pytest.mark.parametrize("name", files.NAMES)
each_code = pytest.mark.parametrize("code", list(KINDS), ids=str)
DOCUMENT = build()
ASSETS = Path(page.__file__).parent / "assets"
VENDORED = ASSETS / "swagger-ui"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".txt": "text/plain"}
ANYWHERE_ELSE = re.compile(r"(?:https?:)?//[a-z0-9]", re.IGNORECASE)
"""How a reference to another host begins."""


class Reader(HTMLParser):
    """What a page links to, loads, names and says."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name in ("href", "src", "action", "data", "srcset", "poster", "formaction", "cite", "ping"):
                (self.links if tag == "a" else self.loaded).append(value or "")

    def handle_data(self, data: str) -> None:
        self.words += data


def rendered(base: str = routes.LOCAL) -> str:
    return page.render(DOCUMENT, base)


def every_page() -> dict[str, str]:
    """By path."""
    problems = {f"/problems/{slug(code)}": problem_pages.render(DOCUMENT, code) for code in KINDS}
    return {"/docs": rendered(), **problems}


@once
@pytest.mark.anyio
async def test_the_page_is_served_sealed(harness: Harness) -> None:
    answer = await harness.api.get("/docs", headers={"Authorization": "", "Accept": "text/html,*/*;q=0.1"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.text == rendered()
    assert policy(answer.headers["content-security-policy"]) == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    refused = await harness.api.get("/docs", headers={"Accept": "image/png"})
    assert refused.status_code == 406


@once
@pytest.mark.anyio
async def test_problem_pages_are_served_sealed_too(harness: Harness) -> None:
    for code in KINDS:
        answer = await harness.api.get(f"/problems/{slug(code)}", headers={"Authorization": ""})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.text == problem_pages.render(DOCUMENT, code)
        allowed = policy(answer.headers["content-security-policy"])
        assert (allowed["default-src"], allowed["style-src"], allowed["img-src"]) == ("'none'", "'self'", "data:")
        assert not allowed.keys() & {"script-src", "connect-src"}
        head = await harness.api.head(f"/problems/{slug(code)}")
        assert (head.status_code, head.content) == (200, b"")
    for unknown in ("no_route", "No-Route", "nothing", "no-route.html"):
        answer = await harness.api.get(f"/problems/{unknown}")
        assert (answer.status_code, answer.headers["content-type"]) == (404, MEDIA_TYPE)


def policy(value: str) -> dict[str, str]:
    told = [directive.strip().partition(" ") for directive in value.split(";")]
    assert len({name for name, _, _ in told}) == len(told)
    return {name: sources for name, _, sources in told}


@once
@pytest.mark.anyio
@each_file
async def test_files_are_served_and_kept_until_they_change(harness: Harness, name: str) -> None:
    address = f"/docs/{name}"
    answer = await harness.api.get(address, headers={"Authorization": "", "Accept": "*/*"})
    place = ASSETS / name
    assert answer.content == (place if place.exists() else VENDORED / name).read_bytes()
    assert answer.headers["content-type"] == f"{MEDIA_TYPES[Path(name).suffix]}; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"
    etag = answer.headers["etag"]
    for known in (etag, f'"other", W/{etag}', "*"):
        again = await harness.api.get(address, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    for known in ('"other"', etag.strip('"'), ""):
        assert (await harness.api.get(address, headers={"If-None-Match": known})).status_code == 200
    head = await harness.api.head(address)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", etag)
    assert head.headers["content-length"] == str(len(answer.content))
    assert (await harness.api.post(address)).status_code == 405


@once
@pytest.mark.anyio
@pytest.mark.parametrize(
    "path",
    [
        "nothing.js",
        "PAGE.CSS",
        "page.css%00",
        "swagger-ui",
        "swagger-ui/swagger-ui.css",
        "swagger-ui%2Fswagger-ui.css",
        "LICENSE",
        "SHA256SUMS",
        "..%2Fpage.py",
        "%2e%2e%2fpage.py",
        "..%5Cpage.py",
        "%2e%2e/%2e%2e/settings/__init__.py",
        "....//page.py",
        "%2Fetc%2Fpasswd",
        "/etc/passwd",
    ],
)
async def test_no_path_comes_from_a_request(harness: Harness, path: str) -> None:
    answer = await harness.api.get(f"/docs/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, MEDIA_TYPE)


def test_what_is_vendored_is_as_it_was_released() -> None:
    first, *lines = (VENDORED / "SHA256SUMS").read_text().splitlines()
    released = re.fullmatch(r"# swagger-ui-dist (5\.\d+\.\d+)", first)
    assert released
    sums = dict(reversed(line.split("  ")) for line in lines)
    there = {path.name for path in VENDORED.iterdir()} - {"README.md", "SHA256SUMS"}
    assert set(sums) == there >= {"LICENSE", "NOTICE"}
    for name, wanted in sums.items():
        assert hashlib.sha256((VENDORED / name).read_bytes()).hexdigest() == wanted, name
    assert f'PACKAGE_VERSION:"{released[1]}"' in (VENDORED / "swagger-ui-bundle.js").read_text()
    assert f"V={released[1]};" in (VENDORED / "README.md").read_text()


def test_the_files_refer_to_nothing_elsewhere() -> None:
    for name in ("page.css", "swagger-ui.css"):
        style = files.read(name).content.decode()
        assert "@import" not in style
        assert "@font-face" not in style
        for address in re.findall(r"url\(\s*['\"]?(.{12})", style):
            assert address.startswith("data:image/"), address
    script = files.read("reference.js").content.decode()
    assert not ANYWHERE_ELSE.search(re.sub(r"^\s*// .*$", "", script, flags=re.MULTILINE))
    told = dict(re.findall(r"^  (\w+): (.+),$", script, re.MULTILINE))
    wanted = {"url": '"/openapi.json"', "validatorUrl": "null", "persistAuthorization": "false"}
    assert told | wanted == told


def test_the_pages_load_their_files_and_nothing_else() -> None:
    for path, text in every_page().items():
        reader = Reader(text)
        wanted = {"/docs/page.css"}
        if path == "/docs":
            wanted |= {"/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/docs/reference.js"}
        assert set(reader.loaded) == wanted | {"data:,"}
        assert {address.removeprefix("/docs/") for address in wanted} <= set(files.NAMES)
        assert not set(reader.tags) & {"style", "img", "iframe", "object", "embed", "form", "base"}
        assert not {name for name in reader.attributes if name == "style" or name.startswith("on")}
        assert not re.search(r"<script(?![^>]* src=)", text)
        assert all(re.match(r"#|/[a-z]", link) for link in reader.links)
        shown = re.sub(r"<code>[^<]*</code>", "", text)  # what is only to be read
        assert not ANYWHERE_ELSE.search(shown)


def test_every_link_leads_somewhere() -> None:
    pages = every_page()
    ids = {path: Reader(text).ids for path, text in pages.items()}
    for path, text in pages.items():
        assert len(set(ids[path])) == len(ids[path])
        for link in Reader(text).links:
            target, _, place = link.partition("#")
            assert target in ("", "/openapi.json", "/openapi.yaml", *pages), link
            assert not place or place in ids[target or path], link
    assert {f"/problems/{slug(code)}" for code in KINDS} <= set(Reader(pages["/docs"]).links)
    assert all("/docs" in Reader(text).links for path, text in pages.items() if path != "/docs")


def test_the_pages_are_built_for_everybody() -> None:
    for text in every_page().values():
        assert text.startswith('<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n')
        tags = Reader(text).tags
        assert [tags.count(tag) for tag in ("h1", "main", "nav", "title")] == [1, 1, 1, 1]
        levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        assert text.count("<th ") == text.count("<th scope=")
        assert text.count('tabindex="0" role="region"') == len(re.findall(r'role="region" aria-label="[^"]+"', text))


def test_without_a_script_all_but_the_reference_is_there() -> None:
    text = rendered("https://sms.example.com")
    reader = Reader(text)
    words = reader.words
    assert "export GATEWAY_URL=https://sms.example.com" in words
    commands = re.findall(r"^curl .*", words, re.MULTILINE)
    assert [re.search(r"\$GATEWAY_URL(/\w+)", command)[1] for command in commands] == ["/me", "/messages", "/messages"]  # type: ignore[index]
    body = json.loads(re.search(r"-d '(.+)'", words)[1])  # type: ignore[index]
    assert set(body) == {"to", "text", "clientTag"}
    assert all(f"<dt>{name}</dt>" in text for name, _ in page.PROMISES)
    assert set(page.GUARANTEES) == set(Guarantee)
    assert all(f"<dt><code>{each}</code></dt>" in text for each in Guarantee)
    assert {"/openapi.yaml", "/openapi.json"} <= set(reader.links)
    assert "noscript" in reader.tags


def test_the_pages_tell_what_every_provider_type_can_do_and_every_problem() -> None:
    tables = [rows(table) for table in re.findall(r"<table>(.+?)</table>", rendered(), re.DOTALL)]
    (first, *told), problems = tables
    assert first == ["", *TYPES]
    assert told == [
        [name.replace("`", ""), *(cell.replace("`", "") for cell in cells)] for name, cells in abilities(TYPES).items()
    ]
    assert [(row[0], row[1], row[4]) for row in problems[1:]] == [
        (code, str(kind.status), "yes" if code in RETRYABLE else "no") for code, kind in KINDS.items()
    ]


def rows(table: str) -> list[list[str]]:
    return [
        [unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", line)]
        for line in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    ]


@each_code
def test_a_problem_page_shows_the_answer_of_the_document(code: Code) -> None:
    text = problem_pages.render(DOCUMENT, code)
    shown = unescape(re.search(r"<pre[^>]*><code>(.*?)</code></pre>", text, re.DOTALL)[1])  # type: ignore[index]
    head, _, body = shown.partition("\n\n")
    status, *lines = head.splitlines()
    assert status == f"HTTP/1.1 {KINDS[code].status} {HTTPStatus(KINDS[code].status).phrase}"
    headers = dict(line.split(": ", 1) for line in lines)
    told = json.loads(body)
    assert headers["Content-Type"] == MEDIA_TYPE
    assert headers["X-Request-Id"] == told["instance"]
    assert (told["code"], told["status"], told["type"]) == (code, KINDS[code].status, f"/problems/{slug(code)}")
    answers = [
        refusal
        for refusal in DOCUMENT["components"]["responses"].values()
        if code in refusal["content"][MEDIA_TYPE]["examples"]
    ]
    assert answers or code is Code.METHOD_NOT_ALLOWED  # which no operation answers
    for answer in answers:
        assert answer["content"][MEDIA_TYPE]["examples"][code]["value"] == told
    alone = [answer for answer in answers if len(answer["content"][MEDIA_TYPE]["examples"]) == 1]
    for answer in alone:
        assert set(answer["headers"]) == set(headers) - {"Content-Type"}


@each_code
def test_a_problem_page_says_what_to_do(code: Code) -> None:
    words = Reader(problem_pages.render(DOCUMENT, code)).words
    for text in (KINDS[code].title, KINDS[code].happened, KINDS[code].do):
        assert text.replace("`", "") in words
    assert ("Yes: retryable is true" in words) == (code in RETRYABLE)


@once
@pytest.mark.anyio
async def test_the_answers_shown_are_those_that_come(harness: Harness) -> None:
    """The status line, and the headers beside those of every answer."""
    ordinary = {"content-length", "vary"}
    slow = {"Authorization": "Bearer slow"}
    made = {
        Code.UNAUTHORIZED: await harness.api.get("/me", headers={"Authorization": ""}),
        Code.METHOD_NOT_ALLOWED: await harness.api.put("/messages"),
        Code.NOT_FOUND: await harness.api.get("/nothing"),
        Code.RATE_LIMITED: [
            await harness.api.post("/messages", json={"to": "+819012345678", "text": "Hello"}, headers=slow)
            for _ in range(6)
        ][-1],
    }
    for code, answer in made.items():
        assert answer.json()["code"] == code
        shown = problem_pages.answer(DOCUMENT, code).partition("\n\n")[0].splitlines()[1:]
        assert {line.partition(":")[0].lower() for line in shown} == set(answer.headers) - ordinary, code


def test_the_pages_escape_what_they_show() -> None:
    def poisoned(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: poisoned(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [poisoned(inner) for inner in value]
        return f"{value}<script>&\"'`</code>" if isinstance(value, str) else value

    document = DOCUMENT | {
        "info": poisoned(DOCUMENT["info"]),
        "paths": {"/messages": {"post": poisoned(DOCUMENT["paths"]["/messages"]["post"])}},
    }
    clean = Reader(rendered())
    assert Reader(page.render(document, "http://x/'<script>")).tags == clean.tags
    (refusal,) = [
        each
        for each in DOCUMENT["components"]["responses"].values()
        if list(each["content"][MEDIA_TYPE]["examples"]) == ["gone"]
    ]
    examples = {"gone": poisoned(refusal["content"][MEDIA_TYPE]["examples"]["gone"])}
    spoiled = {"components": {"responses": {"Gone": {"content": {MEDIA_TYPE: {"examples": examples}}}}}}
    assert (
        Reader(problem_pages.render(spoiled, Code.GONE)).tags == Reader(problem_pages.render(DOCUMENT, Code.GONE)).tags
    )


def test_the_commands_can_be_pasted_whatever_the_address() -> None:
    assert "export GATEWAY_URL='https://x/$(y)'" in Reader(rendered("https://x/$(y)")).words
