"""deploy/aws/openapi-aws.json: made from the document as it is now, and imported as API Gateway's own call does it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import jsonschema
import pytest
from moto import mock_aws
from openapi_spec_validator import validate

from gateway.api.problems import KINDS, RETRYABLE, slug
from gateway.api.requests import MAX_WAIT
from gateway.errors import Code
from tests.deploy.traffic import operations
from tests.tools import ROOT

AWS = ROOT / "deploy" / "aws"
DOCUMENT: dict[str, Any] = json.loads((ROOT / "openapi" / "openapi-3.0.json").read_text())
MADE: dict[str, Any] = json.loads((AWS / "openapi-aws.json").read_text())
NOT_PUBLIC = {"/metrics"}
WANTED = {
    (path, verb)
    for method, path, _ in operations(DOCUMENT)
    if path not in NOT_PUBLIC
    for verb in ([method, "HEAD"] if method == "GET" else [method])
}
RESPONSES = MADE["x-amazon-apigateway-gateway-responses"]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, str]]:
    """A client, and the id of the API it has imported."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("apigateway", region_name="ap-northeast-1")
        made = client.import_rest_api(body=(AWS / "openapi-aws.json").read_bytes(), failOnWarnings=True)
        yield client, made["id"]


def test_it_is_what_the_document_makes_of_it() -> None:
    made = subprocess.run([sys.executable, AWS / "generate.py"], capture_output=True, text=True, check=True)
    again = ".venv/bin/python deploy/aws/generate.py > deploy/aws/openapi-aws.json"
    assert made.stdout == (AWS / "openapi-aws.json").read_text(), f"the document has changed: {again}"


def test_it_is_openapi() -> None:
    validate(MADE)


def test_every_operation_is_imported_with_its_integration(api: tuple[Any, str]) -> None:
    client, id_ = api
    found = set()
    for resource in client.get_resources(restApiId=id_, limit=500, embed=["methods"])["items"]:
        for verb in resource.get("resourceMethods", {}):
            method = client.get_method(restApiId=id_, resourceId=resource["id"], httpMethod=verb)
            assert (method.get("authorizationType") or "NONE", method.get("apiKeyRequired", False)) == ("NONE", False)
            assert "requestValidatorId" not in method
            integration = client.get_integration(restApiId=id_, resourceId=resource["id"], httpMethod=verb)
            path = resource["path"]
            assert integration["type"].upper() == "HTTP_PROXY"
            assert integration["httpMethod"] == verb
            assert integration["uri"] == f"https://${{stageVariables.upstream}}{path}"
            assert integration["timeoutInMillis"] == 29_000
            names = re.findall(r"\{(\w+)\}", path)
            mapped = {f"integration.request.path.{name}": f"method.request.path.{name}" for name in names}
            assert (integration.get("requestParameters") or {}) == mapped
            found.add((path, verb))
    assert found == WANTED


def test_api_gateways_limits_are_kept() -> None:
    text = json.dumps(MADE)
    assert len(text) < 6 * 2**20
    assert len(MADE["paths"]) < 300
    for word in ("oneOf", "anyOf", "allOf", "discriminator", "$ref", "pattern", "nullable", "request-validator"):
        assert f'"{word}' not in text
    assert "components" not in MADE
    siblings: dict[str, str] = {}
    for path, item in MADE["paths"].items():
        assert re.fullmatch(r"(/([A-Za-z0-9_.:-]+|\{[A-Za-z0-9_.-]+\}))+", path)
        assert path.split("/")[1] not in ("ping", "sping")
        for part in re.finditer(r"\{\w+\}", path):
            # Two names for one place are refused.
            assert siblings.setdefault(path[: part.start()], part[0]) == part[0]
        for operation in item.values():
            declared = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
            assert declared == set(re.findall(r"\{(\w+)\}", path))
    names = [operation["operationId"] for item in MADE["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", RESPONSES)
def test_its_own_errors_are_problems_of_the_contract(name: str) -> None:
    response = RESPONSES[name]
    body = json.loads(response["responseTemplates"]["application/json"])
    schemas = DOCUMENT["components"]["schemas"]
    jsonschema.validate(body, {"$ref": "#/components/schemas/Problem", "components": {"schemas": schemas}})
    code = Code(body["code"])
    kind = KINDS[code]
    assert (body["status"], body["title"], body["type"]) == (kind.status, kind.title, f"/problems/{slug(code)}")
    assert body["retryable"] is (code in RETRYABLE)
    assert response["statusCode"] == kind.status
    headers = response["responseParameters"]
    assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
    assert ("gatewayresponse.header.Retry-After" in headers) is (kind.status in (429, 503))


def test_silence_may_mean_that_it_was_accepted() -> None:
    """The longest wait a caller may ask for is longer than API Gateway's patience."""
    assert MAX_WAIT > 29
    for name in ("INTEGRATION_TIMEOUT", "INTEGRATION_FAILURE", "DEFAULT_5XX"):
        body = json.loads(RESPONSES[name]["responseTemplates"]["application/json"])
        assert "may have been accepted: repeat it with the same clientTag or Idempotency-Key" in body["detail"]
