"""The Python client: lists page by page, waiting for an end, webhooks."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from message_gateway import (
    Gateway,
    MessageEvent,
    UnexpectedAnswerError,
    WaitTimeoutError,
    WebhookRefusedError,
    WebhookVerifier,
)
from standardwebhooks import Webhook

from tests.clients.python_tools import (
    KEY,
    MESSAGE,
    VERIFICATION,
    Answer,
    Driven,
    Lost,
    Scripted,
    event,
    gateway,
    kind,
    problem,
    server,
)

__all__ = ["gateway", "kind", "server"]

SECRETS = ["whsec_" + b64encode(bytes([number]) * 32).decode() for number in (7, 8, 9)]


def page(following: str | None, *items: dict[str, Any]) -> Answer:
    return Answer(200, {"items": list(items), "nextCursor": following})


def numbered(number: int) -> dict[str, Any]:
    return {**MESSAGE, "id": f"msg_{number}"}


def queries(server: Scripted) -> list[dict[str, list[str]]]:
    return [parse_qs(urlsplit(told.path).query) for told in server.told]


def test_a_list_goes_on_over_short_and_empty_pages(gateway: Driven, server: Scripted) -> None:
    server.says(page("a", numbered(1), numbered(2)), page("b"), page("c", numbered(3)), page(None))
    listed = gateway.messages(group_tag="g", status="queued", created_from=datetime(2026, 11, 20, tzinfo=UTC), limit=2)
    assert [message.id for message in listed] == ["msg_1", "msg_2", "msg_3"]
    asked = {"groupTag": ["g"], "status": ["queued"], "createdFrom": ["2026-11-20T00:00:00+00:00"], "limit": ["2"]}
    assert queries(server) == [asked, *({**asked, "cursor": [cursor]} for cursor in "abc")]


@pytest.mark.parametrize("end", [None, ""])
def test_a_list_ends_where_no_page_follows(gateway: Driven, server: Scripted, end: str | None) -> None:
    server.says(page(end, numbered(1)))
    assert [message.id for message in gateway.messages()] == ["msg_1"]
    assert queries(server) == [{"limit": ["100"]}]


def test_a_page_that_fails_is_read_again(gateway: Driven, server: Scripted) -> None:
    server.says(page("a", numbered(1)), Lost(), problem(503, "store_unavailable"), page(None, numbered(2)))
    assert [message.id for message in gateway.messages()] == ["msg_1", "msg_2"]


def test_a_page_is_read_when_it_is_come_to(server: Scripted) -> None:
    server.says(page("a", numbered(1)))
    with Gateway(server.url, KEY) as gateway:
        listed = gateway.messages()
        assert server.told == []
        assert next(listed).id == "msg_1"
        assert len(server.told) == 1


def test_a_list_that_does_not_end_is_not_followed(gateway: Driven, server: Scripted) -> None:
    server.says(page("a", numbered(1)), page("a", numbered(1)))
    with pytest.raises(UnexpectedAnswerError, match="does not end"):
        gateway.messages()


def test_reservations_and_orphans_are_lists_too(gateway: Driven, server: Scripted) -> None:
    orphan = {"account": "main", "receivedAt": "2026-11-20T00:00:00Z", "reference": "r"}
    server.says(page("a", numbered(1)), page(None, numbered(2)), page("a", orphan), page(None, orphan))
    listed = gateway.reservations(date="2026-11-21", from_=datetime(2026, 11, 20, tzinfo=UTC))
    assert [message.id for message in listed] == ["msg_1", "msg_2"]
    assert [orphan.reference for orphan in gateway.orphans()] == ["r", "r"]
    assert queries(server)[0]["from"] == ["2026-11-20T00:00:00+00:00"]


def test_events_go_on_after_the_last_one(gateway: Driven, server: Scripted) -> None:
    server.says(
        page("evt_2", event("message.delivered", MESSAGE), event("weather.changed", 7)),
        page(None, event("verification.verified", VERIFICATION)),
    )
    found = gateway.events(after="evt_0", type="*")
    assert [one.type_ for one in found] == ["message.delivered", "weather.changed", "verification.verified"]
    assert queries(server) == [{"after": [at], "type": ["*"], "limit": ["100"]} for at in ("evt_0", "evt_2")]


@pytest.mark.parametrize(
    ("status", "final"),
    [("delivered", True), ("delivered", False), ("undelivered", False), ("failed", False), ("submitted", True)],
)
def test_it_waits_for_an_outcome(gateway: Driven, server: Scripted, status: str, final: bool) -> None:
    server.says(*[Answer(200, MESSAGE)] * 3, Answer(200, {**MESSAGE, "status": status, "final": final}))
    assert gateway.wait_until_delivered("msg_1").status == status
    assert gateway.slept == pytest.approx([0.2, 0.3, 0.45])


def test_it_does_not_wait_for_ever(gateway: Driven, server: Scripted) -> None:
    server.says(*[Answer(200, {**MESSAGE, "status": "submitted"})] * 20)
    with pytest.raises(WaitTimeoutError, match="still submitted after 30 s") as raised:
        gateway.wait_until_delivered("msg_1", timeout=30)
    assert isinstance(raised.value, TimeoutError)
    assert raised.value.last.status == "submitted"
    assert sum(gateway.slept) == pytest.approx(30)
    assert max(gateway.slept) == 5.0


def test_without_time_it_looks_once(gateway: Driven, server: Scripted) -> None:
    server.says(Answer(200, MESSAGE))
    with pytest.raises(WaitTimeoutError):
        gateway.wait_until_delivered("msg_1", timeout=0)
    assert len(server.told) == 1


def test_it_waits_until_a_number_is_verified(gateway: Driven, server: Scripted) -> None:
    server.says(Answer(200, VERIFICATION), Answer(200, {**VERIFICATION, "status": "verified", "final": True}))
    assert gateway.wait_until_verified("ver_1").status == "verified"


def signed(secret: str, body: str, when: datetime | None = None) -> dict[str, str]:
    when = when or datetime.now(UTC)
    return {
        "Webhook-Id": "evt_1",
        "Webhook-Timestamp": str(int(when.timestamp())),
        "Webhook-Signature": Webhook(secret).sign("evt_1", when, body),
    }


BODY = json.dumps(event("message.delivered", {**MESSAGE, "status": "delivered", "text": "こんにちは"}))


@pytest.mark.parametrize("secret", SECRETS[:2])
def test_a_webhook_is_an_event(secret: str) -> None:
    verifier = WebhookVerifier(*SECRETS[:2])
    for body in (BODY, BODY.encode()):
        found = verifier.event(body, signed(secret, BODY))
        assert isinstance(found, MessageEvent)
        assert (found.id, found.data.status) == ("evt_1", "delivered")


def test_the_gateway_s_two_signatures_are_one_too_many_for_nobody() -> None:
    headers = signed(SECRETS[0], BODY)
    headers["Webhook-Signature"] = f"{signed(SECRETS[2], BODY)['Webhook-Signature']} {headers['Webhook-Signature']}"
    assert WebhookVerifier(SECRETS[0]).event(BODY, headers).id == "evt_1"


def forged(how: str) -> dict[str, str]:
    now, right = datetime.now(UTC), signed(SECRETS[0], BODY)
    return {
        "without headers": {},
        "another secret": signed(SECRETS[2], BODY),
        "old": signed(SECRETS[0], BODY, now - timedelta(minutes=6)),
        "from tomorrow": signed(SECRETS[0], BODY, now + timedelta(days=1)),
        "no time": {**right, "Webhook-Timestamp": "now"},
        "another id": {**right, "Webhook-Id": "evt_2"},
        "no base64": {**right, "Webhook-Signature": "v1,!"},
        "no version": {**right, "Webhook-Signature": "nonsense"},
        "another version": {**right, "Webhook-Signature": "v2,AAAA"},
    }[how]


@pytest.mark.parametrize(
    "how",
    [
        *("without headers", "another secret", "old", "from tomorrow", "no time", "another id", "no base64"),
        *("no version", "another version"),
    ],
)
def test_what_is_not_signed_is_refused(how: str) -> None:
    with pytest.raises(WebhookRefusedError):
        WebhookVerifier(*SECRETS[:2]).event(BODY, forged(how))


@pytest.mark.parametrize("body", [BODY.replace("delivered", "failed"), b"\xff", b""])
def test_what_was_changed_is_refused(body: str | bytes) -> None:
    with pytest.raises(WebhookRefusedError):
        WebhookVerifier(SECRETS[0]).event(body, signed(SECRETS[0], BODY))


@pytest.mark.parametrize("body", ["[]", "{}", "no JSON", "null"])
def test_what_is_signed_and_no_event_is_unexpected(body: str) -> None:
    with pytest.raises((UnexpectedAnswerError, WebhookRefusedError)):
        WebhookVerifier(SECRETS[0]).event(body, signed(SECRETS[0], body))


def test_a_verifier_needs_a_secret() -> None:
    with pytest.raises(ValueError, match="secret"):
        WebhookVerifier()
