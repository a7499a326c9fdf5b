"""/docs: a quick start, what is promised, what providers can do, every problem, and the reference. All but the
reference needs no script, and nothing in it comes from elsewhere."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from gateway.api.problems import KINDS, RETRYABLE, slug
from gateway.model.outcome import Guarantee
from gateway.providers import TYPES
from gateway.providers.abilities import abilities
from gateway.spec import markup
from gateway.spec.markup import inline, pre, prose

Json = dict[str, Any]

SECTIONS = (
    ("#quick-start", "Quick start"),
    ("#conventions", "Conventions"),
    ("#promises", "What is promised"),
    ("#providers", "Providers"),
    ("#problems", "Problems"),
    ("#reference", "Reference"),
    ("/openapi.yaml", "openapi.yaml"),
    ("/openapi.json", "openapi.json"),
)
PROMISES = (
    (
        "Accepted once",
        "`clientTag` is unique per client, `Idempotency-Key` per client and path; both are claimed in one atomic step "
        "with the message and its place in the queue. A hundred equal requests at once make one message. Once it is "
        "answered it is durable; `GET /health/ready` says what it survives.",
    ),
    (
        "Sent once",
        "Every message goes to the vendor under a reference of its own. Before the first byte the intent is recorded; "
        "after a crash or a lost answer the message is only asked for, or sent again under the same reference where "
        "the vendor refuses a second one.",
    ),
    (
        "Told truly",
        "`failed`, `expired` and a move to another provider need every try accounted for. What cannot be known is "
        "`uncertain`, and a late receipt settles it.",
    ),
)
GUARANTEES: Mapping[Guarantee, str] = {
    Guarantee.DEDUPLICATED: "The vendor refuses a second message under the same reference: sending again is safe.",
    Guarantee.QUERYABLE: "The vendor can be asked by the message's reference whether it has it.",
    Guarantee.BLIND: "Nobody can be asked, and nothing protects a second try: the message is `uncertain`, until a "
    "receipt settles it where there is one. It is sent again only with `duplicateRisk` `accept`, and may arrive twice.",
}
"""What a lost answer leads to."""
SCRIPTS = (
    '<link rel="stylesheet" href="/docs/swagger-ui.css">\n'
    '<script src="/docs/swagger-ui-bundle.js" defer></script>\n<script src="/docs/reference.js" defer></script>\n'
)


def render(document: Json, base: str) -> str:
    """The page. `base`: where callers reach the gateway, for the commands to paste."""
    info = document["info"]
    return markup.whole(
        f"{info['title']} {info['version']}",
        markup.navigation(SECTIONS) + "".join(_parts(document, base)),
        head=SCRIPTS,
    )


def _parts(document: Json, base: str) -> Iterator[str]:
    info = document["info"]
    yield f'<main id="main">\n<h1>{escape(info["title"])} <small>{escape(info["version"])}</small></h1>\n'
    lead, _, conventions = info["description"].partition("\n\n")
    yield prose(lead)
    yield f'<section id="quick-start">\n<h2>Quick start</h2>\n{"".join(_quick_start(document, base))}</section>\n'
    yield f'<section id="conventions">\n<h2>Conventions</h2>\n{prose(conventions)}</section>\n'
    yield '<section id="promises">\n<h2>What is promised</h2>\n<dl>\n'
    yield from (f"<dt>{escape(name)}</dt><dd>{inline(text)}</dd>\n" for name, text in PROMISES)
    yield f'</dl>\n</section>\n<section id="providers">\n<h2>What each type of provider can do</h2>\n{_providers()}'
    yield f'</section>\n<section id="problems">\n<h2>Problems</h2>\n{_problems()}</section>\n'
    yield (
        '<section id="reference">\n<h2>Reference</h2>\n<p>“Authorize” takes your key, and forgets it when the page is '
        "left. “Try it out” sends requests to this gateway, and they count: a message that it accepts is sent.</p>\n"
        '<noscript><p class="note">The reference is drawn by a script, and scripts are off. The same is in '
        '<a href="/openapi.yaml">openapi.yaml</a>.</p></noscript>\n<div id="swagger-ui"></div>\n</section>\n</main>\n'
    )


def _quick_start(document: Json, base: str) -> Iterator[str]:
    key = '-H "Authorization: Bearer $GATEWAY_KEY"'
    body = document["paths"]["/messages"]["post"]["requestBody"]["content"]["application/json"]
    message = json.dumps(body["examples"]["simple"]["value"] | {"clientTag": "first"}, ensure_ascii=False)
    yield (
        "<p>The base URL, and a key: from the operator (<code>gateway keys new</code>), or from "
        "<code>gateway sandbox</code>, which needs no vendor account.</p>\n"
    )
    yield pre(f"export GATEWAY_URL={shlex.quote(base)}\nexport GATEWAY_KEY='<your key>'", "Settings")
    yield "<ol>\n<li><p>Whose key is it, and what may it do?</p>\n"
    yield pre(f'curl -sS "$GATEWAY_URL/me" {key}', "First command")
    yield "</li>\n<li><p>Send a message, and wait up to five seconds for the vendor's answer:</p>\n"
    yield pre(
        f'curl -sS "$GATEWAY_URL/messages" {key} \\\n'
        f"  -H 'Content-Type: application/json' -H 'Prefer: wait=5' \\\n  -d '{message}'",
        "Second command",
    )
    yield (
        "<p>Repeat it as often as you like: it is the same message, and nothing is sent twice.</p></li>\n"
        "<li><p>See what became of it:</p>\n"
    )
    yield pre(f'curl -sS "$GATEWAY_URL/messages?clientTag=first" {key}', "Third command")
    yield (
        "</li>\n</ol>\n<p>Clients for Python, TypeScript and Java come with the gateway, in <code>clients/</code>; for "
        'other languages one can be made from <a href="/openapi.yaml">openapi.yaml</a>.</p>\n'
    )


def _providers() -> str:
    rows = [(inline(name), *map(inline, cells)) for name, cells in abilities(TYPES).items()]
    words = "".join(f"<dt><code>{each}</code></dt><dd>{inline(GUARANTEES[each])}</dd>\n" for each in Guarantee)
    return (
        markup.table("What each type of provider can do", ("", *map(escape, TYPES)), rows)
        + "<p>That is an account with the usual contract, which settings can widen; "
        "<code>GET /providers</code> tells it of those that are configured here. What a provider cannot do is refused "
        "before anything is sent, with the reason.</p>\n"
        f"<p>The guarantee says what follows where a vendor's answer to a message was lost:</p>\n<dl>\n{words}</dl>\n"
    )


def _problems() -> str:
    rows = [
        (
            f'<a href="/problems/{slug(code)}"><code>{code}</code></a>',
            str(kind.status),
            inline(kind.happened),
            inline(kind.do),
            "yes" if code in RETRYABLE else "no",
        )
        for code, kind in KINDS.items()
    ]
    return markup.table("Problems", ("Code", "Status", "What happened", "What to do", "<code>retryable</code>"), rows)
