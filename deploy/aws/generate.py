"""A REST API of Amazon API Gateway out of the published document, on stdout. From the project's root:

    .venv/bin/python deploy/aws/generate.py > deploy/aws/openapi-aws.json

Every operation is proxied as it is. Models are left out: API Gateway validates nothing here, and its import refuses or
ignores half of what the schemas say (`oneOf`, `discriminator`, `pattern`, references to responses).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.api.problems import KINDS, MEDIA_TYPE, RETRYABLE, slug
from gateway.errors import Code

PUBLISHED = Path(__file__).parents[2] / "openapi" / "openapi-3.0.json"
NOT_PUBLIC = frozenset({"/metrics"})
METHODS = ("get", "post", "put", "patch", "delete")
UPSTREAM = "https://${stageVariables.upstream}"
"""The stage variable `upstream`: the gateway's host, with a certificate that is publicly trusted."""
PATIENCE_MS = 29_000
"""The most API Gateway gives an integration unless the account's quota is raised."""
KEPT = ("operationId", "tags", "summary")

MAY_BE_ACCEPTED = (
    "The gateway did not answer in time. The request may have been accepted: repeat it with the same clientTag or "
    "Idempotency-Key."
)
OWN_ERRORS: Mapping[str, tuple[Code, str]] = {
    "DEFAULT_4XX": (Code.INVALID_REQUEST, "API Gateway refused the request."),
    "DEFAULT_5XX": (Code.STORE_UNAVAILABLE, MAY_BE_ACCEPTED),
    "ACCESS_DENIED": (Code.FORBIDDEN, "This path may not be used from here."),
    "WAF_FILTERED": (Code.FORBIDDEN, "This path may not be used from here."),
    "INTEGRATION_FAILURE": (Code.STORE_UNAVAILABLE, MAY_BE_ACCEPTED),
    "INTEGRATION_TIMEOUT": (Code.STORE_UNAVAILABLE, MAY_BE_ACCEPTED),
    # What no path and method of the API fits; without this it is a 403 about a missing token.
    "MISSING_AUTHENTICATION_TOKEN": (Code.NOT_FOUND, "There is nothing at this path, or not for this method."),
    "RESOURCE_NOT_FOUND": (Code.NOT_FOUND, "There is nothing at this path, or not for this method."),
    "REQUEST_TOO_LARGE": (Code.PAYLOAD_TOO_LARGE, "The body is larger than this gateway takes."),
    "THROTTLED": (Code.RATE_LIMITED, "Too many requests come at once. Nothing was accepted."),
    "QUOTA_EXCEEDED": (Code.RATE_LIMITED, "The usage plan's quota is used up. Nothing was accepted."),
}
"""API Gateway's own errors in the form of the gateway's. That the gateway is silent is its 503: its
502 and 504 are about vendors."""


def api(document: Mapping[str, Any]) -> dict[str, Any]:
    paths = {
        path: methods(path, item) for path, item in document["paths"].items() if path not in NOT_PUBLIC
    }  # fmt: skip
    info = document["info"]
    return {
        "openapi": "3.0.1",
        "info": {"title": info["title"], "version": info["version"], "description": "Passes all on to the gateway."},
        # Bodies pass byte by byte: a vendor's push may be in any encoding.
        "x-amazon-apigateway-binary-media-types": ["*/*"],
        "x-amazon-apigateway-gateway-responses": {name: response(*error) for name, error in OWN_ERRORS.items()},
        "paths": paths,
    }


def methods(path: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """The document's operations, and HEAD wherever there is GET."""
    made = {method: operation(path, method, item[method]) for method in METHODS if method in item}
    if "get" in made:
        made["head"] = operation(path, "head", {**item["get"], "operationId": f"{item['get']['operationId']}Head"})
    return made


def operation(path: str, method: str, described: Mapping[str, Any]) -> dict[str, Any]:
    names = re.findall(r"\{(\w+)\}", path)
    return {
        **{key: described[key] for key in KEPT if key in described},
        # Queries and headers pass undeclared; what a path's parameters are has to be said, and handed on.
        "parameters": [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names],
        "responses": {"200": {"description": "This status and all others: as the gateway answers."}},
        "x-amazon-apigateway-integration": {
            "type": "http_proxy",
            "httpMethod": method.upper(),
            "uri": f"{UPSTREAM}{path}",
            "passthroughBehavior": "when_no_match",
            "timeoutInMillis": PATIENCE_MS,
            "requestParameters": {f"integration.request.path.{name}": f"method.request.path.{name}" for name in names},
        },
    }


def response(code: Code, detail: str) -> dict[str, Any]:
    kind = KINDS[code]
    body = {
        "type": f"/problems/{slug(code)}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "instance": "$context.requestId",
        "code": code,
        "retryable": code in RETRYABLE,
    }
    headers = {"Content-Type": f"'{MEDIA_TYPE}'", "X-Request-Id": "context.requestId"}
    if kind.status in (429, 503):
        headers["Retry-After"] = "'2'"
    return {
        "statusCode": kind.status,
        "responseParameters": {f"gatewayresponse.header.{name}": value for name, value in headers.items()},
        "responseTemplates": {"application/json": json.dumps(body)},
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(api(json.loads(PUBLISHED.read_text(encoding="utf-8"))), indent=2) + "\n")
