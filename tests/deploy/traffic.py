"""What callers do with a sandbox through a proxy: every operation of the document, with successes and problems."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

JAPANESE, KOREAN = "+819012345678", "+821020000000"
QUIET = "+819012340040"
"""Nothing is pushed about calls to it."""
ABSENT = "0" * 26
Document = dict[str, Any]


def operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and operation of each."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in ("get", "post", "put", "patch", "delete"):
                yield method.upper(), path, operation


class Traffic:
    """Asks, and keeps what came. `met`: operation ids with the statuses they answered. `check` is shown each answer
    and says what is wrong with it; `found` is what it said."""

    def __init__(self, client: httpx.Client, document: Document, check: Callable[[httpx.Response], list[str]]) -> None:
        self._client = client
        self._check = check
        # Before a path with a parameter comes one that says something in its place.
        self._known = sorted(
            ((method, re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), operation["operationId"], path.count("{"))
             for method, path, operation in operations(document)),
            key=lambda each: each[3],
        )  # fmt: skip
        self.met: dict[str, set[int]] = {}
        self.found: list[str] = []

    def ask(self, status: int | set[int], method: str, path: str, **more: Any) -> httpx.Response:
        """Whatever status comes instead is noted as a finding."""
        expected = {status} if isinstance(status, int) else status
        answer = self._client.request(method, path, **more)
        bare = path.partition("?")[0]
        operation = next((name for verb, form, name, _ in self._known if verb == method and form.fullmatch(bare)), None)
        if operation:
            self.met.setdefault(operation, set()).add(answer.status_code)
        wrong = self._check(answer)
        if answer.status_code not in expected and not wrong:
            wrong = [f"expected {expected}: {answer.text[:300]}"]
        self.found += [f"{method} {path} -> {answer.status_code}: {each}" for each in wrong]
        return answer

    def of(self, key: str, answer: httpx.Response) -> str:
        """A member of the answer, or the id of nothing: one finding does not hide the next."""
        try:
            return str(answer.json()[key])
        except (KeyError, TypeError, ValueError):
            return f"msg_{ABSENT}"

    def until(self, path: str, holds: Callable[[Any], bool]) -> None:
        """Asks until it holds, half a minute long at most."""
        ends = datetime.now(UTC) + timedelta(seconds=30)
        while not holds(self.ask(200, "GET", path).json()):
            if datetime.now(UTC) > ends:
                self.found.append(f"GET {path}: it never came to that")
                return
            time.sleep(0.05)


def ahead(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).isoformat(timespec="seconds")


def everything(traffic: Traffic) -> None:
    """Valid requests."""
    for walk in (messages, batches, reservations, verifications, rules, providers, events, system):
        walk(traffic)


def messages(traffic: Traffic) -> None:
    ask = traffic.ask
    whole = {
        "to": JAPANESE, "text": "Hello", "clientTag": "whole", "groupTag": "group", "from": "80013",
        "expiresAt": ahead(hours=1), "priority": "high", "provider": "aicross", "carrier": "docomo",
        "duplicateRisk": "accept", "metadata": {"order": "17"},
    }  # fmt: skip
    sent = ask(201, "POST", "/messages", json=whole, headers={"Prefer": "wait=10", "Idempotency-Key": "whole"})
    message = f"/messages/{traffic.of('id', sent)}"
    ask(201, "POST", "/messages", json=whole)  # the same again
    ask(409, "POST", "/messages", json=whole | {"text": "Other"})
    plain = {"to": JAPANESE, "text": "Hello"}
    ask(202, "POST", "/messages", json=plain, headers={"Idempotency-Key": "plain"})
    ask(422, "POST", "/messages", json=plain | {"text": "Other"}, headers={"Idempotency-Key": "plain"})
    ask(201, "POST", "/messages", json=plain | {"to": KOREAN, "subject": "Hi"}, headers={"Prefer": "wait=10"})
    for ending in ("0001", "0005", "0010", "0011"):
        body = {"to": JAPANESE[:-4] + ending, "text": "Hello", "clientTag": ending}
        ask(202, "POST", "/messages", json=body)
        ask(202, "POST", "/messages", json=body | {"clientTag": f"m{ending}", "provider": "mediasms"})
    media = {"provider": "mediasms", "options": {"mediasms": {"textAu": "Hello au"}}}
    ask(202, "POST", "/messages", json=plain | media)
    template = {"id": "予約確認", "values": {"お名前": "花子", "日時": "十時"}}
    ask(202, "POST", "/messages", json={"to": JAPANESE, "template": template})
    ask(422, "POST", "/messages", json={"to": "+33612345678", "text": "Hello"})
    ask(422, "POST", "/messages", json=plain | {"provider": "iotcall"})
    ask(400, "POST", "/messages", json=plain | {"provider": "nobody"})
    ask(201, "POST", "/messages", json=plain | {"sendAt": ahead(hours=1)})
    for body in (plain, {"to": KOREAN, "text": "안녕"}, {"to": "+33612345678", "text": "x"}):
        ask(200, "POST", "/messages/explain", json=body)
    traffic.until(message, lambda seen: seen["status"] == "delivered")
    ask(200, "GET", f"{message}?refresh=true")
    for query in ("", "?limit=2", "?clientTag=whole", "?groupTag=group&status=delivered", "?to=%2B819012345678"):
        ask(200, "GET", f"/messages{query}")
    for status in ("uncertain", "failed", "undelivered", "scheduled"):
        ask(200, "GET", f"/messages?status={status}")
    page = ask(200, "GET", "/messages?limit=1")
    ask(200, "GET", f"/messages?limit=100&cursor={traffic.of('nextCursor', page)}")
    ask(404, "GET", f"/messages/msg_{ABSENT}")
    ask(409, "POST", f"{message}/cancel")
    ask(404, "POST", f"/messages/msg_{ABSENT}/cancel")
    refused = traffic.of("id", ask(201, "POST", "/messages", json={"to": JAPANESE[:-4] + "0005", "text": "No"},
                                   headers={"Prefer": "wait=10"}))  # fmt: skip
    ask(200, "DELETE", f"/messages/{refused}/content")
    ask(200, "GET", f"/messages/{refused}")
    waiting = traffic.of("id", ask(201, "POST", "/messages", json=plain | {"sendAt": ahead(hours=1)}))
    ask(409, "DELETE", f"/messages/{waiting}/content")
    ask(200, "POST", f"/messages/{waiting}/cancel")


def batches(traffic: Traffic) -> None:
    ask = traffic.ask
    bodies = [{"to": JAPANESE, "text": "One"}, {"to": KOREAN, "text": "Two"}, {"to": "+33612345678", "text": "Three"}]
    first = ask(202, "POST", "/messages/batch", json={"messages": bodies}, headers={"Idempotency-Key": "batch"})
    ask(202, "POST", "/messages/batch", json={"messages": bodies}, headers={"Idempotency-Key": "batch"})
    ask(422, "POST", "/messages/batch", json={"messages": bodies[:1]}, headers={"Idempotency-Key": "batch"})
    later = {"to": [JAPANESE, JAPANESE, "+819012345679"], "text": "All", "sendAt": ahead(hours=1)}
    second = ask(202, "POST", "/messages/batch", json=later)
    for answer in (first, second):
        batch = traffic.of("batchId", answer)
        ask(200, "GET", f"/batches/{batch}")
        ask(200, "GET", f"/messages?batchId={batch}")
    ask(200, "POST", f"/batches/{traffic.of('batchId', second)}/cancel")
    ask(409, "POST", f"/batches/{traffic.of('batchId', second)}/cancel")
    ask(404, "GET", f"/batches/bat_{ABSENT}")


def reservations(traffic: Traffic) -> None:
    ask = traffic.ask
    body = {"to": JAPANESE, "text": "We open at ten", "sendAt": ahead(hours=2), "groupTag": "opening"}
    kept = traffic.of("id", ask(201, "POST", "/reservations", json=body | {"clientTag": "opening-1"}))
    ask(409, "POST", "/reservations", json=body | {"clientTag": "opening-1", "text": "At noon"})
    ask(201, "POST", "/reservations", json=body)
    ask(422, "POST", "/reservations", json=body | {"heldBy": "provider", "provider": "mediasms"})
    held = traffic.of("id", ask(201, "POST", "/reservations", json=body | {"heldBy": "provider"}))
    korean = traffic.of("id", ask(201, "POST", "/reservations", json=body | {"to": KOREAN, "heldBy": "provider"}))
    traffic.until(f"/reservations/{held}", lambda seen: seen.get("cancelableUntil") is not None)
    ask(200, "GET", f"/reservations/{kept}")
    ask(200, "PATCH", f"/reservations/{kept}", json={"text": "We open at eleven", "sendAt": ahead(hours=3)})
    ask(409, "PATCH", f"/reservations/{korean}", json={"text": "Too late"})
    ask(200, "GET", "/reservations?groupTag=opening&limit=1")
    ask(200, "GET", f"/reservations?date={ahead(hours=12)[:10]}")
    ask(200, "DELETE", f"/reservations/{held}")
    ask(200, "DELETE", f"/reservations/{kept}")
    ask(409, "DELETE", f"/reservations/{kept}")
    ask(404, "DELETE", f"/reservations/msg_{ABSENT}")
    ask(200, "POST", "/reservations/cancel", json={"groupTag": "opening"})
    ask(200, "POST", "/reservations/cancel", json={"all": True}, headers={"Idempotency-Key": "all"})


def verifications(traffic: Traffic) -> None:
    ask, begin = traffic.ask, "/numbers/verify"
    month_ago = ahead(days=-30)[:10]
    ask(200, "POST", begin, json={"method": "owner", "number": JAPANESE, "referenceDate": month_ago})
    ask(200, "POST", begin, json={"method": "owner", "number": JAPANESE[:-4] + "0050", "referenceDate": month_ago})
    code = {"method": "sms_code", "number": JAPANESE, "text": "Your code is {code}", "validMinutes": 10}
    by_code = traffic.of("id", ask(202, "POST", begin, json=code | {"length": 8, "clientTag": "code"}))
    ask(200, "POST", f"{begin}/{by_code}/check", json={"code": "00000000"})
    ask(202, "POST", f"{begin}/{by_code}/resend")
    ask(200, "GET", f"{begin}/{by_code}")
    call_in = {"method": "call_in", "number": QUIET, "validMinutes": 5}
    ringing = traffic.of("id", ask(202, "POST", begin, json=call_in))
    ask(409, "POST", begin, json=call_in)
    ask(400, "POST", f"{begin}/{ringing}/check", json={"code": "123456"})
    call_out = {"method": "call_out", "number": QUIET[:-1] + "1", "validMinutes": 5, "rings": 7}
    calling = traffic.of("id", ask(202, "POST", begin, json=call_out))
    traffic.until(f"{begin}/{calling}", lambda seen: seen["status"] == "pending")
    refused = {"method": "call_out", "number": JAPANESE[:-4] + "0042", "validMinutes": 5, "rings": 7}
    ask(202, "POST", begin, json=refused)
    ask(404, "GET", f"{begin}/ver_{ABSENT}")


def rules(traffic: Traffic) -> None:
    ask, numbers = traffic.ask, "/rules/fire/numbers"
    ask(200, "GET", "/rules")
    tag = ask(200, "GET", numbers).headers.get("etag", '"none"')
    wanted = {"numbers": [{"number": JAPANESE, "group": 1, "enabled": True, "country": "JP"}]}
    ask(200, "PUT", numbers, json=wanted, headers={"If-Match": tag})
    ask(412, "PUT", numbers, json=wanted, headers={"If-Match": tag})
    ask(404, "GET", "/rules/nothing/numbers")
    fired = traffic.of("id", ask(202, "POST", "/activations", json={"rule": "fire", "clientTag": "alarm"}))
    ask({429, 202}, "POST", "/activations", json={"rule": "fire"})  # 202 where a second has passed
    ask(202, "POST", "/activations", json={"rule": "refused"})
    ask(200, "GET", f"/activations/{fired}")
    ask(404, "GET", f"/activations/act_{ABSENT}")
    ask(200, "GET", "/activations")
    ask(200, "GET", "/activations?rule=fire&latest=true")
    traffic.until("/activations?rule=fire", lambda seen: bool(seen["calls"]))


def providers(traffic: Traffic) -> None:
    ask = traffic.ask
    ask(200, "GET", "/providers")
    ask(200, "POST", "/providers/koreasms/pause")
    ask(200, "GET", "/providers")
    ask(200, "POST", "/providers/koreasms/resume")
    ask(404, "POST", "/providers/nobody/pause")
    ask(404, "POST", "/providers/nobody/resume")
    ask(200, "GET", "/balance")
    ask(200, "GET", "/balance?provider=koreasms")
    ask(422, "GET", "/balance?provider=aicross")
    ask(200, "GET", "/usage")
    ask(200, "GET", f"/usage?month={ahead()[:7]}&provider=aicross")
    ask(200, "GET", "/templates")
    ask(422, "GET", "/templates?provider=koreasms")
    ask(201, "POST", "/short-urls", json={"longUrl": "https://shop.example.com/sale", "name": "sale"})
    ask(502, "POST", "/short-urls", json={"longUrl": "https://shop.example.com/sale", "domain": "unknown.example"})
    ask(422, "POST", "/short-urls", json={"longUrl": "https://shop.example.com/sale", "provider": "koreasms"})


def events(traffic: Traffic) -> None:
    ask = traffic.ask
    for kind in ("", "?type=verification.*", "?type=activation.*", "?type=message.delivered"):
        ask(200, "GET", f"/events{kind}")
    page = ask(200, "GET", "/events?limit=1")
    event = traffic.of("nextCursor", page)
    ask(200, "GET", f"/events?after={event}&limit=100")
    ask(202, "POST", f"/events/{event}/redeliver")
    ask(404, "POST", f"/events/evt_{'0' * 24}/redeliver")
    ask(200, "GET", "/webhooks")
    ask(202, "POST", "/webhooks/sandbox/redeliver", json={"since": ahead(hours=-1)})
    ask(200, "POST", "/webhooks/sandbox/test")
    ask(200, "POST", "/webhooks/sandbox/enable")
    ask(404, "POST", "/webhooks/nobody/enable")


def system(traffic: Traffic) -> None:
    ask = traffic.ask
    for path in (
        "/me",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/openapi.json",
        "/docs",
        "/docs/page.css",
        "/problems/no-route",
    ):
        ask(200, "GET", path)
    listed = ask(200, "GET", "/providers").json()["items"]
    urls = {url["kind"]: httpx.URL(url["url"]).path for each in listed for url in each.get("callbackUrls", [])}
    ask(404, "POST", "/callbacks/aicross/not-the-secret-of-it/dlr", data={"xml": "<a/>"})
    ask(400, "POST", urls["dlr"], data={"xml": "garbage"})
    ask(200, "GET", f"{urls['delivery']}?smsid=nobodys&status=1&mobilenumber=09012345678")
    ask(200, "GET", "/receipts/orphans")


def mistakes(traffic: Traffic) -> None:
    """Requests that break the document; each is refused as it says."""
    ask, nobody = traffic.ask, {"Authorization": "Bearer nobody"}
    for method, path in (("GET", "/me"), ("POST", "/messages"), ("GET", "/events"), ("PUT", "/rules/fire/numbers")):
        ask(401, method, path, headers=nobody)
    for path in ("/messages", "/messages/batch", "/reservations", "/numbers/verify", "/activations", "/short-urls"):
        ask(400, "POST", path, json={"unknown": True})
        ask(400, "POST", path, content=b"{", headers={"Content-Type": "application/json"})
        ask(415, "POST", path, content=b"{}", headers={"Content-Type": "text/plain"})
    ask(413, "POST", "/messages", json={"to": JAPANESE, "text": "x" * 300_000})
    for path in ("/messages?limit=0", "/reservations?date=today", "/events?type=x", "/usage?month=13", "/me?a=b"):
        ask(400, "GET", path)
    ask(406, "GET", "/me", headers={"Accept": "text/html"})
    ask(400, "PUT", "/rules/fire/numbers", json={"numbers": []})
    ask(400, "POST", "/reservations/cancel", json={})
    ask(404, "GET", "/problems/nothing")
    ask(400, "GET", "/events?after=nothing")
