"""Pieces of the pages. Whatever goes in as text comes out escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

_CODE = re.compile(r"`([^`]+)`")


def whole(title: str, body: str, *, head: str = "") -> str:
    """A page. `body` and `head` are markup already."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(title)}</title>\n<link rel="icon" href="data:,">\n'  # else browsers ask for one
        f'{head}<link rel="stylesheet" href="/docs/page.css">\n</head>\n<body>\n'
        f'<a class="skip" href="#main">Skip to the content</a>\n{body}</body>\n</html>\n'
    )


def navigation(links: Iterable[tuple[str, str]]) -> str:
    """The bar at the top, from addresses and their names."""
    entries = "".join(f'<a href="{escape(address)}">{escape(name)}</a>' for address, name in links)
    return f'<header><nav aria-label="Documentation">{entries}</nav></header>\n'


def prose(text: str) -> str:
    """Paragraphs, with `code` in them."""
    return "".join(f"<p>{inline(paragraph)}</p>\n" for paragraph in text.split("\n\n") if paragraph)


def inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))


def pre(text: str, label: str) -> str:
    """Text as it is, in a box that scrolls; `label` names it to those who do not see it."""
    return (
        f'<pre class="box" tabindex="0" role="region" aria-label="{escape(label)}"><code>{escape(text)}</code></pre>\n'
    )


def table(label: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The first cell of a row names it. `head` and `rows` are markup already."""
    names = "".join(f'<th scope="col">{name}</th>' if name else "<td></td>" for name in head)
    lines = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>\n'
        for first, *rest in rows
    )
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{escape(label)}"><table>\n'
        f"<thead><tr>{names}</tr></thead>\n<tbody>\n{lines}</tbody>\n</table></div>\n"
    )
