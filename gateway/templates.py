"""Configured texts with holes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.errors import Code, GatewayError, Pointer
from gateway.settings import Template

_HOLE = re.compile(r"\{([^{}]+)\}")


def fill(templates: Mapping[str, Template], name: str, values: Mapping[str, str]) -> str:
    """The text of a configured template with its holes filled. Raises `invalid_request` where the template is
    unknown, or a value is missing or surplus."""
    template = templates.get(name)
    if template is None:
        raise _invalid("/template/id", "There is no template of this name.")
    wanted, given = set(template.parameters), set(values)
    problems = [
        *(Pointer(f"/template/values/{hole}", "This value is missing.") for hole in sorted(wanted - given)),
        *(Pointer(f"/template/values/{hole}", "The template has no such hole.") for hole in sorted(given - wanted)),
    ]
    if problems:
        raise GatewayError(Code.INVALID_REQUEST, "The template's values do not fit its holes.", errors=tuple(problems))
    return _HOLE.sub(lambda hole: values[hole[1]], template.text)


def _invalid(pointer: str, detail: str) -> GatewayError:
    return GatewayError(Code.INVALID_REQUEST, detail, errors=(Pointer(pointer, detail),))
