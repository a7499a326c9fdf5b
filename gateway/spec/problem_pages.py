"""/problems/...: what a problem's `type` leads to, with an example. The example is the document's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from typing import Any

import msgspec

from gateway.api.problems import KINDS, MEDIA_TYPE, RETRYABLE, problem, slug
from gateway.errors import Code, GatewayError
from gateway.spec import markup
from gateway.spec.document import PROBLEM_HEADERS
from gateway.spec.examples import REQUEST_ID
from gateway.spec.markup import inline, pre

Json = dict[str, Any]

CODES: Mapping[str, Code] = {slug(code): code for code in KINDS}
"""By the last segment of their page's path."""
_HEADERS = {Code.METHOD_NOT_ALLOWED: ("Allow",), **PROBLEM_HEADERS}
_VALUES = {
    "Allow": "GET, HEAD, OPTIONS, POST",
    "RateLimit": '"messages";r=0;t=1',
    "RateLimit-Policy": '"messages";q=100;w=1',
    "Retry-After": "1",
    "WWW-Authenticate": 'Bearer realm="gateway"',
}


def render(document: Json, code: Code) -> str:
    """The page of a code."""
    kind = KINDS[code]
    return markup.whole(
        f"{kind.title} ({kind.status})",
        markup.navigation((("/docs", "Documentation"), ("/docs#problems", "All problems")))
        + f'<main id="main" class="problem">\n<h1>{escape(kind.title)}</h1>\n'
        f'<p class="facts"><span>HTTP {kind.status}</span> <code>{code}</code></p>\n'
        f"<h2>What happened</h2>\n<p>{inline(kind.happened)}</p>\n<h2>What to do</h2>\n<p>{inline(kind.do)}</p>\n"
        f"<h2>Does it help to repeat the request?</h2>\n<p>{inline(_repeating(code))}</p>\n"
        f"<h2>An example</h2>\n{pre(answer(document, code), 'An answer with this problem')}"
        "<p><code>code</code> is for programs and never changes its meaning; <code>detail</code> is for people. "
        "<code>instance</code> is the request's id: quote it to the operator.</p>\n</main>\n",
    )


def answer(document: Json, code: Code) -> str:
    """An HTTP answer with the problem, as it comes."""
    body = _example(document, code)
    status = HTTPStatus(KINDS[code].status)
    headers = {
        "Content-Type": MEDIA_TYPE,
        **{name: _VALUES[name] for name in _HEADERS.get(code, ())},
        "X-Request-Id": body["instance"],
    }
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\n".join([*lines, "", json.dumps(body, indent=2, ensure_ascii=False)])


def _example(document: Json, code: Code) -> Json:
    for refusal in document["components"]["responses"].values():
        if found := refusal["content"][MEDIA_TYPE]["examples"].get(code):
            example: Json = found["value"]
            return example
    # No operation answers it: it is about a method that is none.
    made: Json = msgspec.to_builtins(problem(GatewayError(code, KINDS[code].happened), REQUEST_ID))
    return made


def _repeating(code: Code) -> str:
    if code not in RETRYABLE:
        return "No, not by itself: `retryable` is `false`. First do what stands above."
    when = " `Retry-After` says in how many seconds." if "Retry-After" in _HEADERS.get(code, ()) else ""
    return f"Yes: `retryable` is `true`, and the same request may succeed later.{when}"
