"""deploy/nginx as it is, in front of a real gateway: what callers and vendors get through it, and what they do not."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from gateway.api.problems import KINDS, RETRYABLE, slug
from gateway.errors import Code
from tests.conftest import free_port
from tests.deploy.stage import FAR, HERE, NEAR, NGINX, Nginx, Served, problem, until
from tests.processes import KEY, SECRET
from tests.tools import ROOT, need

SMALL, LARGE = 256 * 1024, 4 * 1024 * 1024
MESSAGE = {"to": "+819012345678", "text": "Hello"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="session")
def problem_schema() -> dict[str, Any]:
    schemas = json.loads((ROOT / "openapi" / "openapi.json").read_text())["components"]["schemas"]
    return {"$ref": "#/components/schemas/Problem", "components": {"schemas": schemas}}


def talk(nginx: Nginx, *parts: bytes, bits: int = 65_536) -> bytes:
    """Everything that is answered to these bytes until the connection is closed, or the answer's body is whole."""
    with nginx.connect() as connection:
        for part in parts:
            connection.sendall(part)
        received = b""
        while block := connection.recv(bits):
            received += block
            final = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
            head, found, body = final.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            if found and length and len(body) >= int(length[1]):
                break
    return received


# Keys and addresses


def test_a_key_passes_and_without_one_nothing_does(nginx: Nginx, shop: httpx.Client) -> None:
    assert shop.get("/me").json()["client"] == "shop"
    with nginx.client() as nobody:
        refused = nobody.get("/me")
        problem(refused, 401, "unauthorized")
        assert refused.headers["www-authenticate"].startswith("Bearer")
        problem(nobody.get("/me", headers={"Authorization": f"Bearer {KEY}x"}), 401, "unauthorized")
        assert nobody.get("/health/ready").status_code == 200


def test_an_address_is_the_callers_own_and_no_claim_changes_it(nginx: Nginx) -> None:
    with nginx.client(NEAR, "near") as near:
        assert near.get("/me").status_code == 200
        assert near.get("/me", headers={"X-Forwarded-For": FAR}).status_code == 200
    claims: list[list[tuple[str, str]]] = [
        [],
        [("X-Forwarded-For", NEAR)],
        [("X-Forwarded-For", f"{NEAR}, {HERE}")],
        [("X-Forwarded-For", NEAR), ("X-Forwarded-For", NEAR)],
        [("x-forwarded-for", f"{HERE}, {NEAR}")],
        [("Forwarded", f"for={NEAR}"), ("X-Real-IP", NEAR), ("True-Client-IP", NEAR)],
    ]
    for address in (FAR, HERE):
        with nginx.client(address, "near") as other:
            for claim in claims:
                problem(other.get("/me", headers=claim), 403, "forbidden")


def test_past_nginx_no_claim_is_believed(served: Served) -> None:
    """Only nginx is among `trusted_proxies`."""
    url = f"http://{HERE}:{served.port}/me"
    for address, claim, status in ((FAR, NEAR, 403), (NEAR, FAR, 200)):
        with httpx.Client(transport=httpx.HTTPTransport(local_address=address)) as direct:
            given = {"Authorization": "Bearer near", "X-Forwarded-For": claim}
            assert direct.get(url, headers=given).status_code == status


def test_callbacks_can_be_left_to_the_vendors_addresses(changed: Any) -> None:
    nginx = changed(("# allow 198.51.100.0/24;", f"allow {NEAR};"), ("# deny all;", "deny all;"))
    path = f"/callbacks/main/{SECRET}/dlr"
    with nginx.client(FAR) as stranger, nginx.client(NEAR) as vendor:
        problem(stranger.post(path, content="garbage"), 403, "forbidden")
        problem(vendor.post(path, content="garbage"), 400, "invalid_request")  # the gateway's own word
    assert SECRET not in nginx.log() + nginx.log("gateway-error.log")


def test_behind_a_load_balancer_its_word_is_taken_and_nobody_elses(changed: Any) -> None:
    nginx = changed(
        ("# set_real_ip_from 10.0.0.0/24;", f"set_real_ip_from {FAR};"),
        ("# real_ip_header", "real_ip_header"),
        ("# real_ip_recursive", "real_ip_recursive"),
    )
    with nginx.client(FAR, "near") as balancer, nginx.client("127.0.0.4", "near") as other:
        assert balancer.get("/me", headers={"X-Forwarded-For": NEAR}).status_code == 200
        assert balancer.get("/me", headers={"X-Forwarded-For": f"{NEAR}, 127.0.0.9"}).status_code == 403
        assert other.get("/me", headers={"X-Forwarded-For": NEAR}).status_code == 403


# Bodies and heads


@pytest.mark.parametrize(("path", "most"), [("/messages", SMALL), ("/messages/batch", LARGE)])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_has_the_gateways_bounds(shop: httpx.Client, path: str, most: int, chunked: bool) -> None:
    for size, status, code in ((most, 400, "invalid_request"), (most + 1, 413, "payload_too_large")):
        body = json.dumps({"nothing": "x" * (size - 15)}).encode()
        assert len(body) == size
        answer = shop.post(path, content=iter([body]) if chunked else body, headers=JSON)
        problem(answer, status, code)


def test_chunks_and_batches_arrive(shop: httpx.Client) -> None:
    body = json.dumps({**MESSAGE, "clientTag": "chunks"}).encode()
    answer = shop.post("/messages", content=iter([body[:7], body[7:20], body[20:]]), headers=JSON)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/messages/{answer.json()['id']}"
    numbers = [f"+8190{10_000_000 + each}" for each in range(1000)]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()  # what waits keeps nobody else waiting
    batch = shop.post("/messages/batch", json={"to": numbers, "text": "あ" * 600, "sendAt": tomorrow})
    assert (batch.status_code, len(batch.json()["items"])) == (202, 1000)


def test_a_caller_that_asks_before_it_sends_is_told_to_go_on(nginx: Nginx) -> None:
    body = json.dumps({**MESSAGE, "clientTag": "expects"}).encode()
    head = (
        f"POST /messages HTTP/1.1\r\nHost: {HERE}\r\nAuthorization: Bearer {KEY}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with nginx.connect() as connection:
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 202 ")
    large = head.replace(f"Content-Length: {len(body)}", f"Content-Length: {SMALL + 1}")
    assert talk(nginx, large.encode()).startswith(b"HTTP/1.1 413 ")


def test_a_head_has_the_gateways_bound(nginx: Nginx, shop: httpx.Client) -> None:
    assert shop.get("/me", headers={"X-Filler": "x" * 30_000}).status_code == 200
    assert shop.get("/me", headers=[(f"X-Filler-{n}", "x" * 1000) for n in range(28)]).status_code == 200
    problem(shop.get("/me", headers={"X-Filler": "x" * 33_000}), 400, "invalid_request")
    problem(shop.get(f"/messages?clientTag={'x' * 33_000}"), 400, "invalid_request")


@pytest.mark.parametrize(
    "request_",
    [
        b"HELO there\r\n\r\n",
        b"GET /me HTTP/1.1\r\n\r\n",
        b"GET /me HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"POST /messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST /messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    ],
    ids=["no HTTP", "no host", "bad host", "two lengths", "unknown coding", "length and coding"],
)
def test_what_is_no_request_is_a_problem_too(nginx: Nginx, request_: bytes) -> None:
    answer = talk(nginx, request_)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 "), answer
    assert b"content-type: application/problem+json" in head.lower()
    assert json.loads(body)["code"] == "invalid_request"


def test_trace_is_refused_with_what_is_allowed(shop: httpx.Client) -> None:
    answer = shop.request("TRACE", "/me")
    problem(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["allow"]


# HTTP/2 and TLS


def curl(nginx: Nginx, path: str, *arguments: str) -> tuple[str, int, str]:
    """The version of HTTP, the status, the body."""
    said = ["-w", "\n%{http_version} %{http_code}", "-H", f"Authorization: Bearer {KEY}", *arguments]
    command = [need("curl"), "-sS", "--http2", "--cacert", str(nginx.folder / "tls.pem"), *said, f"{nginx.url}{path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    body, _, last = done.stdout.rpartition("\n")
    version, status = last.split()
    return version, int(status), body


def test_http_2_is_spoken_with_callers(nginx: Nginx, tmp_path: Path) -> None:
    assert curl(nginx, "/me")[:2] == ("2", 200)
    sent = ("-H", "Content-Type: application/json", "-d", json.dumps({**MESSAGE, "clientTag": "two"}))
    version, status, body = curl(nginx, "/messages", "-H", "Prefer: wait=10", *sent)
    assert (version, status, json.loads(body)["status"]) == ("2", 201, "submitted")
    (tmp_path / "large").write_bytes(b"x" * (SMALL + 1))
    version, status, body = curl(nginx, "/messages", "--data-binary", f"@{tmp_path / 'large'}")
    assert (version, status, json.loads(body)["code"]) == ("2", 413, "payload_too_large")
    assert curl(nginx, "/me", "-H", f"X-Filler: {'x' * 30_000}")[:2] == ("2", 200)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_modern_tls_is_taken(nginx: Nginx, version: ssl.TLSVersion) -> None:
    trust = ssl.create_default_context(cafile=str(nginx.folder / "tls.pem"))
    trust.minimum_version = trust.maximum_version = version
    answer = httpx.get(f"{nginx.url}/health/live", verify=trust)
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"]


@pytest.mark.parametrize("suite", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384"])
def test_old_ciphers_are_not(nginx: Nginx, suite: str) -> None:
    trust = ssl.create_default_context(cafile=str(nginx.folder / "tls.pem"))
    trust.maximum_version = ssl.TLSVersion.TLSv1_2
    trust.set_ciphers(suite)
    with pytest.raises(httpx.ConnectError, match=r"(?i)handshake"):
        httpx.get(f"{nginx.url}/health/live", verify=trust)


def test_clear_text_is_refused_as_a_problem(nginx: Nginx) -> None:
    problem(httpx.get(f"http://{HERE}:{nginx.port}/me"), 400, "invalid_request")


# What is kept from view


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/%6Detrics", "//metrics", "/me/../metrics"])
def test_metrics_are_not_public(shop: httpx.Client, path: str) -> None:
    answer = shop.request("GET", shop.base_url.copy_with(raw_path=path.encode()))
    problem(answer, 404, "not_found")


def test_logs_tell_no_key_no_number_and_no_secret(nginx: Nginx, shop: httpx.Client) -> None:
    shop.get("/messages?to=%2B819055556666&clientTag=private")
    shop.post(f"/callbacks/main/{SECRET}/dlr?tag=private", content="garbage")
    for path, most in (("/messages", SMALL), ("/messages/batch", LARGE)):
        shop.post(path, content=b"x" * most, headers=JSON)
        shop.post(path, content=b"x" * (most + 1), headers=JSON)
    lines = nginx.log()
    for hidden in (KEY, SECRET, "819055556666", "private"):
        assert hidden not in lines
    entries = [json.loads(line) for line in lines.splitlines()]
    told = next(entry for entry in entries if entry["path"].startswith("/callbacks"))
    assert (told["path"], told["status"], told["upstream_status"]) == ("/callbacks/main/...", 400, "400")
    errors = nginx.log("gateway-error.log")
    assert SECRET not in errors
    assert "temporary file" not in errors  # which nginx says of bodies it puts on the disk


# nginx's own problems


def test_too_many_requests_are_a_problem_that_says_when(changed: Any) -> None:
    nginx = changed(("rate=200r/s", "rate=1r/s"), ("burst=400", "burst=2"))
    with nginx.client(key=KEY) as shop:
        answers = [shop.get("/me") for _ in range(6)]
        late = next(answer for answer in answers if answer.status_code != 200)
        assert problem(late, 429, "rate_limited")["retryable"] is True
        assert late.headers["retry-after"] == "1"
        # Another bound for vendors, whose receipts come from few addresses.
        statuses = {shop.post("/callbacks/main/wrong/dlr").status_code for _ in range(20)}
        assert statuses == {404}


def test_too_many_connections_are_too(changed: Any) -> None:
    nginx = changed(("limit_conn gateway_connections 256", "limit_conn gateway_connections 1"))
    body = json.dumps(MESSAGE).encode()
    head = (
        f"POST /messages HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nContent-Type: application/json\r\n\r\n"
    )
    with nginx.connect() as slow, nginx.client(key=KEY) as shop:
        slow.sendall(head.encode())  # and no body yet
        until(lambda: shop.get("/me").status_code == 429)
        problem(shop.get("/me"), 429, "rate_limited")


def test_a_gateway_that_is_down_may_have_accepted(changed: Any) -> None:
    nginx = changed(upstreams=[free_port()])
    with nginx.client(key=KEY) as shop:
        for method, path in (("POST", "/messages"), ("POST", "/messages/batch"), ("DELETE", "/reservations/x")):
            answer = shop.request(method, path, headers={"X-Request-Id": "order-19"})
            told = problem(answer, 503, "store_unavailable")
            assert (told["instance"], told["retryable"], answer.headers["retry-after"]) == ("order-19", True, "2")
            assert "may have been accepted: repeat it with the same clientTag or Idempotency-Key" in told["detail"]
        head = shop.head("/me")
        assert (head.status_code, head.content, head.headers["retry-after"]) == (503, b"", "2")


def own_problems() -> list[dict[str, Any]]:
    conf = (NGINX / "gateway.conf").read_text()
    block = re.search(r"map \$status \$gateway_problem \{\n(.*?)\n\}\n", conf, re.DOTALL)
    assert block
    return [json.loads(text) for text in re.findall(r"'(\{.*\})';", block[1])]


@pytest.mark.parametrize("told", own_problems(), ids=lambda told: told["code"])
def test_nginxs_problems_are_those_of_the_gateway(told: dict[str, Any], problem_schema: dict[str, Any]) -> None:
    code = Code(told["code"])
    kind = KINDS[code]
    jsonschema.validate(told, problem_schema)
    said = (told["status"], told["title"], told["type"], told["retryable"])
    assert said == (kind.status, kind.title, f"/problems/{slug(code)}", code in RETRYABLE)


def test_the_gateways_side_fits() -> None:
    section = tomllib.loads((NGINX / "gateway.toml").read_text())["gateway"]
    conf = (NGINX / "gateway.conf").read_text()
    assert section["public_url"] == f"https://{re.search('server_name ([^;]+);', conf)[1]}"  # type: ignore[index]
    assert section["max_body"] == SMALL
