"""Kong's declarative configuration (3.x) out of the published document, on stdout. From the project's root:

.venv/bin/python deploy/kong/generate.py > deploy/kong/kong.yaml
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.spec.yaml import emit

PUBLISHED = Path(__file__).parents[2] / "openapi" / "openapi-3.0.json"
NOT_PUBLIC = frozenset({"/metrics"})
METHODS = ("get", "post", "put", "patch", "delete")

HEAD = """\
# Made from openapi/openapi-3.0.json by deploy/kong/generate.py. To be set in your copy: `url`.
# No plugin is needed: keys, limits of clients and bodies, request ids and errors are the gateway's own.
# docs/api-gateways.md says what Kong itself must be told.
"""


def configuration(document: Mapping[str, Any]) -> dict[str, Any]:
    """One service, and a route for each operation, named and tagged as in the document."""
    routes = [
        route(path, method, operation, first=position == 0)
        for path, item in document["paths"].items()
        if path not in NOT_PUBLIC
        for position, (method, operation) in enumerate((each, item[each]) for each in METHODS if each in item)
    ]
    service = {
        "name": "message-gateway",
        "url": "http://gateway.internal:8080",
        # Kong's default of 5 may repeat PUT and DELETE, which are not repeatable unseen.
        "retries": 0,
        "connect_timeout": 3_000,
        "write_timeout": 15_000,
        # More than `Prefer: wait` (30 s), and than a provider's `timeout` and its turn before.
        "read_timeout": 75_000,
        "routes": routes,
    }
    return {"_format_version": "3.0", "services": [service]}


def route(path: str, method: str, operation: Mapping[str, Any], *, first: bool) -> dict[str, Any]:
    """HEAD goes where GET goes; OPTIONS, which is about a path, with its `first` operation."""
    methods = [method.upper(), *(["HEAD"] if method == "get" else []), *(["OPTIONS"] if first else [])]
    return {
        "name": operation["operationId"],
        "tags": [tag.replace(" ", "-").lower() for tag in operation.get("tags", [])],
        "protocols": ["https"],  # in clear text Kong answers 426, and forwards no key
        "methods": methods,
        "paths": [pattern(path)],
        # What a path says itself comes before what fits a parameter.
        "regex_priority": 0 if "{" in path else 1,
        "strip_path": False,
        "preserve_host": True,
        "request_buffering": True,
        "response_buffering": True,
    }


def pattern(path: str) -> str:
    """The whole path, with or without a slash at its end, as the gateway takes it. Parameters are not checked:
    what is wrong with them is the gateway's to say."""
    return "~" + re.sub(r"\{\w+\}", "[^/]+", path.replace(".", r"\.")) + "/?$"


if __name__ == "__main__":
    sys.stdout.write(HEAD + emit(configuration(json.loads(PUBLISHED.read_text(encoding="utf-8")))))
