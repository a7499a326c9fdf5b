"""Texts with holes: those of the configuration, and those that are kept at a vendor."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from gateway.errors import Code, GatewayError, Pointer, invalid
from gateway.model.message import Content
from gateway.model.segments import encodable
from gateway.provider import Provider, VendorTemplate
from gateway.settings import Template

TEXT_AT_MOST = 2000
"""Characters of a text, filled in or not."""

Lookup = Callable[[Provider, str], Awaitable[VendorTemplate | None]]
"""Asks a vendor for its template of an id; raises `GatewayError` where it does not tell."""


class Wanted(msgspec.Struct, frozen=True):
    """A template by its id, and what goes into its holes."""

    id: str
    values: Mapping[str, str]


def fill(template: Template, wanted: Wanted) -> str:
    """The text of a configured template. Raises `invalid_request` where a value is missing or surplus, or the text is
    empty or too long."""
    return _filled(template.text, {hole: f"{{{hole}}}" for hole in template.parameters}, wanted.values)


async def find(wanted: Wanted, content: Content, candidates: tuple[Provider, ...], lookup: Lookup) -> Content:
    """`content` with the template that the first of the candidates to have it keeps under this id: filled in, or only
    named where the vendor fills it in. Raises `invalid_request`, or what kept a vendor from telling."""
    silent: GatewayError | None = None
    for provider in candidates:
        if provider.keeps_template(wanted.id):
            _refuse_misfits((), wanted.values)
            return msgspec.structs.replace(content, template=wanted.id)
        if not provider.templates():
            continue
        try:
            template = await lookup(provider, wanted.id)
        except GatewayError as error:
            silent = silent or error
            continue
        if template is not None:
            text = _filled(template.content, dict(template.holes), wanted.values)
            return msgspec.structs.replace(content, text=text)
    raise silent or invalid("/template/id", "There is no template of this name.")


def _filled(text: str, holes: Mapping[str, str], values: Mapping[str, str]) -> str:
    """In one pass: what a value says is never read as a hole."""
    _refuse_misfits(tuple(holes), values)
    named = {spelling: name for name, spelling in holes.items()}
    if named:
        text = re.sub("|".join(map(re.escape, named)), lambda hole: values[named[hole[0]]], text)
    if not 1 <= len(text) <= TEXT_AT_MOST:
        raise invalid("/template", f"The filled text must have 1 to {TEXT_AT_MOST} characters.")
    if not encodable(text):
        raise invalid("/template", "The filled text holds half of a surrogate pair, which no handset can show.")
    return text


def _refuse_misfits(holes: tuple[str, ...], values: Mapping[str, str]) -> None:
    wanted, given = set(holes), set(values)
    problems = [
        *(Pointer(f"/template/values/{hole}", "This value is missing.") for hole in sorted(wanted - given)),
        *(Pointer(f"/template/values/{hole}", "The template has no such hole.") for hole in sorted(given - wanted)),
    ]
    if problems:
        raise GatewayError(Code.INVALID_REQUEST, "The template's values do not fit its holes.", errors=tuple(problems))
