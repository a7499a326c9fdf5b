"""The document and its pages, in the document: their operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.api.problems import KINDS, slug
from gateway.spec import files
from gateway.spec.entry import Answer, Operation, Parameter

_TEXT: Mapping[str, Any] = {"type": "string"}
_DOCUMENT: Mapping[str, Any] = {
    "type": "object",
    "properties": {"openapi": {"type": "string"}, "info": {"type": "object"}, "paths": {"type": "object"}},
    "required": ["openapi", "info", "paths"],
}

_BRIEFLY = {"openapi": "3.1.0", "info": {"title": "Message gateway", "version": "0.1.0"}, "paths": {}}
_PAGE = "<!doctype html><html lang=en>...</html>"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="get",
        path="/openapi.json",
        id="getOpenapiJson",
        tag="Documentation",
        scope=None,
        summary="This document as JSON",
        description="The OpenAPI 3.1 document of this gateway's version.",
        answers={200: Answer(description="The document.", schema=_DOCUMENT, example=_BRIEFLY)},
    ),
    Operation(
        method="get",
        path="/openapi.yaml",
        id="getOpenapiYaml",
        tag="Documentation",
        scope=None,
        summary="This document as YAML",
        description="The same document, for people.",
        answers={
            200: Answer(description="The document.", media_type="application/yaml", schema=_DOCUMENT, example=_BRIEFLY)
        },
    ),
    Operation(
        method="get",
        path="/docs",
        id="getDocs",
        tag="Documentation",
        scope=None,
        summary="This document as a page",
        description="A quick start and the reference, in one page that needs nothing from elsewhere, and where "
        "everything can be tried.",
        answers={200: Answer(description="The page.", media_type="text/html", schema=_TEXT, example=_PAGE)},
    ),
    Operation(
        method="get",
        path="/docs/{file}",
        id="getDocsFile",
        tag="Documentation",
        scope=None,
        summary="A file of that page",
        description="The styles and scripts of the pages under `/docs` and `/problems`. With `If-None-Match` a file "
        "that is known already is 304.",
        path_parameters=(
            Parameter(
                name="file",
                description="Its name.",
                schema={"type": "string", "enum": list(files.NAMES)},
                example="page.css",
            ),
        ),
        negotiated=False,
        answers={
            200: Answer(
                description="The file.",
                media_type="text/*",
                schema=_TEXT,
                headers=("ETag",),
                example="body { font: 1rem sans-serif }",
            )
        },
    ),
    Operation(
        method="get",
        path="/problems/{code}",
        id="getProblem",
        tag="Documentation",
        scope=None,
        summary="What a problem means",
        description="The page a problem's `type` leads to: what happened, and what to do about it.",
        path_parameters=(
            Parameter(
                name="code",
                description="The problem's code, with dashes.",
                schema={"type": "string", "enum": [slug(code) for code in KINDS]},
                example="no-route",
            ),
        ),
        answers={200: Answer(description="The page.", media_type="text/html", schema=_TEXT, example=_PAGE)},
    ),
)
