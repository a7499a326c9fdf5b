"""What passes nginx is as it would be without it: answers, ids, waits, repeats, receipts."""

from __future__ import annotations

import re
import time

import httpx
import pytest

from tests.deploy.stage import NGINX, Served, problem, until
from tests.processes import KEY, SECRET
from tests.test_receipts import DELIVERED, as_json, reference_of, word

MESSAGE = {"to": "+819012345678", "text": "Hello"}


SAME = [
    ("GET", "/me"),
    ("HEAD", "/me"),
    ("HEAD", "/openapi.json"),
    ("OPTIONS", "/messages"),
    ("OPTIONS", "/reservations/x"),
    ("PUT", "/messages"),
    ("DELETE", "/reservations/msg_" + "0" * 26),
    ("PATCH", "/reservations/msg_" + "0" * 26),
    ("GET", "/problems/rate-limited"),
    ("GET", "/messages/"),
    ("GET", "/messages?limit=2&clientTag=a%26b%3Dc%2Bd"),
    ("GET", "/messages?limit=0"),
    ("GET", "/messages?to=%2B819012345678"),
    ("GET", "/%6Dessages"),
    ("GET", "/messages/a%2Fb"),
    ("GET", "/messages/%E3%81%82"),
    ("GET", "/messages/%20"),
    ("GET", "/messages/a%0Ab"),
    ("GET", "/messages/%2e%2e"),
    ("GET", "/messages%3Flimit=2"),
    ("GET", "/activations/a;b=c"),
    ("GET", "/docs"),
    ("GET", "/.problem"),
    ("GET", "/nothing/here"),
]


@pytest.mark.parametrize(("method", "path"), SAME)
def test_the_gateways_own_answers_pass_untouched(served: Served, shop: httpx.Client, method: str, path: str) -> None:
    asked = {"X-Request-Id": "same-for-both", "Authorization": f"Bearer {KEY}"}
    url = httpx.URL(f"http://127.0.0.1:{served.port}").copy_with(raw_path=path.encode())
    own = httpx.request(method, url, headers=asked)
    through = shop.request(method, shop.base_url.copy_with(raw_path=path.encode()), headers=asked)
    assert (through.status_code, through.content) == (own.status_code, own.content)
    of_the_proxy = {"date", "server", "connection", "strict-transport-security"}
    told = {name: value for name, value in through.headers.items() if name not in of_the_proxy}
    assert told == {name: value for name, value in own.headers.items() if name not in of_the_proxy}


def test_a_request_id_is_the_callers_or_a_new_one(shop: httpx.Client) -> None:
    assert shop.get("/me", headers={"X-Request-Id": "order-17"}).headers["x-request-id"] == "order-17"
    made = {shop.get("/me").headers["x-request-id"] for _ in range(2)}
    assert len(made) == 2
    assert all(re.fullmatch("req_[0-9a-f]{32}", each) for each in made)
    for path in ("/me", "/metrics"):  # the gateway's answer and nginx's own
        insane = shop.get(path, headers={"X-Request-Id": 'a"b\\'})
        assert re.fullmatch("req_[0-9a-f]{32}", insane.headers["x-request-id"])
    named = shop.get("/metrics", headers={"X-Request-Id": "order-18"})
    assert problem(named, 404, "not_found")["instance"] == "order-18"


def test_a_wait_is_waited_for(shop: httpx.Client) -> None:
    answer = shop.post("/messages", json={**MESSAGE, "clientTag": "waits"}, headers={"Prefer": "wait=10"})
    assert (answer.status_code, answer.json()["status"]) == (201, "submitted"), answer.text
    shop.post("/providers/main/pause")
    began = time.monotonic()
    held = shop.post("/messages", json={**MESSAGE, "clientTag": "held"}, headers={"Prefer": "wait=2"})
    shop.post("/providers/main/resume")
    assert (held.status_code, time.monotonic() - began > 1.9) == (202, True)


def test_the_longest_wait_ends_before_nginx_does() -> None:
    read = re.search(r"proxy_read_timeout (\d+)s;", (NGINX / "gateway.conf").read_text())
    assert read
    assert int(read[1]) >= 2 * 30  # `Prefer: wait` and the longest `timeout` of a provider that is proposed


def test_a_repeat_is_one_message(shop: httpx.Client) -> None:
    key = {"Idempotency-Key": "once"}
    first, again = (shop.post("/messages", json=MESSAGE, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert (first.json()["id"], again.headers["idempotency-replayed"]) == (again.json()["id"], "true")


def test_a_receipt_arrives(shop: httpx.Client) -> None:
    silent = {**MESSAGE, "to": "+819012340023"}  # of which the vendor pushes nothing
    id_ = shop.post("/messages", json=silent, headers={"Prefer": "wait=10"}).json()["id"]
    taken = shop.post(f"/callbacks/main/{SECRET}/dlr", data={"json": as_json(word(reference_of(id_), DELIVERED))})
    assert (taken.status_code, taken.text) == (200, "OK")
    until(lambda: shop.get(f"/messages/{id_}").json()["status"] == "delivered")
