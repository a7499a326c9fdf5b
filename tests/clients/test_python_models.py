"""The Python client: what it sends, and what it makes of answers, a newer gateway's among them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from message_gateway import (
    ActivationEvent,
    MessageEvent,
    OtherEvent,
    UnexpectedAnswerError,
    VerificationEvent,
)
from message_gateway.events import typed
from message_gateway.generated.models import (
    BatchOut,
    ExplainOut,
    ForgottenOut,
    MediaSMSOptions,
    MessageOut,
    OptionsIn,
    OwnerOut,
    VerificationOut,
)

from tests.clients.python_tools import (
    ACTIVATION,
    MESSAGE,
    PROBLEM,
    VERIFICATION,
    Answer,
    Driven,
    Scripted,
    event,
    gateway,
    kind,
    message,
    server,
)

__all__ = ["gateway", "kind", "server"]

TOKYO = timezone(timedelta(hours=9))
WHEN = datetime(2026, 11, 20, 9, 30, 0, 250_000, tzinfo=TOKYO)


def test_a_message_is_sent_with_all_it_has(gateway: Driven, server: Scripted) -> None:
    server.says(message())
    gateway.send(
        to="+819012345678",
        template="welcome",
        values={"name": "Ada"},
        subject="S",
        from_="Shop",
        client_tag="t",
        group_tag="g",
        send_at=WHEN,
        held_by="gateway",
        expires_at=WHEN,
        priority="high",
        provider="main",
        carrier="au",
        duplicate_risk="accept",
        wait=7,
        metadata={"order": "1"},
        options=OptionsIn(mediasms=MediaSMSOptions(text_au="Hi")),
    )
    assert server.told[0].json == {
        "to": "+819012345678",
        "template": {"id": "welcome", "values": {"name": "Ada"}},
        "subject": "S",
        "from": "Shop",
        "clientTag": "t",
        "groupTag": "g",
        "heldBy": "gateway",
        "priority": "high",
        "sendAt": "2026-11-20T09:30:00.250000+09:00",
        "expiresAt": "2026-11-20T09:30:00.250000+09:00",
        "provider": "main",
        "carrier": "au",
        "duplicateRisk": "accept",
        "metadata": {"order": "1"},
        "options": {"mediasms": {"textAu": "Hi"}},
    }
    assert server.told[0].headers["prefer"] == "wait=7"


def test_what_is_none_is_left_out(gateway: Driven, server: Scripted) -> None:
    server.says(message())
    gateway.send(to="+819012345678", text="Hello", client_tag=None, metadata=None, send_at=None, wait=None)
    assert server.told[0].json == {"to": "+819012345678", "text": "Hello"}
    assert "prefer" not in server.told[0].headers


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"too": "+819012345678"}, "too"),
        ({"text": "Hello"}, "to"),
        ({"to": "+819012345678", "values": {}}, "template"),
        ({"to": "+819012345678", "text": "Hello", "send_at": datetime(2030, 1, 1)}, "time zone"),
        ({"to": "+819012345678", "text": "Hello", "expires_at": datetime(2030, 1, 1)}, "time zone"),
    ],
)
def test_wrong_arguments_are_mistakes_of_the_caller(gateway: Driven, given: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        gateway.send(**given)


def test_numbers_that_are_one_string_are_a_mistake(gateway: Driven) -> None:
    with pytest.raises(TypeError, match="list"):
        gateway.send_to_many("+819012345678", text="Hello")


def test_a_message_is_read_with_all_it_has() -> None:
    more = {
        "sendAt": "2026-11-20T09:30:00.250+09:00",
        "cancelableUntil": None,
        "metadata": {"order": "1"},
        "segments": {"encoding": "gsm7", "characters": 5, "count": 1},
        "from": "Shop",
        "template": {"id": "x"},
        "reason": {"code": "handset_unreachable", "detail": "off"},
        "events": [{"at": "2026-11-20T00:00:00Z", "status": "queued"}],
    }
    read = MessageOut.from_dict({**MESSAGE, **more})
    assert read.send_at == WHEN
    assert read.send_at.utcoffset() == timedelta(hours=9)
    assert read.created_at == datetime(2026, 11, 20, tzinfo=UTC)
    assert read.cancelable_until is None
    assert read.client_tag is None
    assert read.from_ == "Shop"
    assert read.segments
    assert read.segments.count == 1
    assert read.reason
    assert (read.reason.code, read.reason.provider_code) == ("handset_unreachable", None)
    assert read.events
    assert read.events[0].at == datetime(2026, 11, 20, tzinfo=UTC)
    assert read.metadata
    assert dict(read.metadata) == {"order": "1"}
    assert read.metadata.get("none") is None


def test_a_newer_gateway_does_no_harm(gateway: Driven, server: Scripted) -> None:
    more: dict[str, Any] = {
        "status": "teleported",
        "priority": "urgent",
        "heldBy": "nobody",
        "colour": {"hue": 7},
        "subject": None,
        "segments": {"encoding": "utf9", "characters": 5, "count": 1, "bytes": 5},
        "events": None,
        "sendAt": None,
        "reason": {"code": "sunspots", "detail": "many", "since": 7},
    }
    server.says(Answer(200, {**MESSAGE, **more}))
    read = gateway.get("msg_1")
    assert (read.status, read.priority, read.held_by, read.segments.encoding) == (
        "teleported",
        "urgent",
        "nobody",
        "utf9",
    )
    assert read.additional_properties == {"colour": {"hue": 7}}
    assert read.reason.code == "sunspots"
    assert read.to_dict()["colour"] == {"hue": 7}


def test_what_was_read_says_the_same_again() -> None:
    whole = {**MESSAGE, "sendAt": "2026-11-20T09:30:00+09:00", "metadata": {"order": "1"}, "colour": "red"}
    read = MessageOut.from_dict(whole)
    assert MessageOut.from_dict(read.to_dict()) == read


def test_items_of_a_batch_are_messages_or_problems(gateway: Driven, server: Scripted) -> None:
    items = [{"index": 0, "message": MESSAGE}, {"index": 1, "problem": {**PROBLEM, "code": "no_route", "status": 422}}]
    server.says(Answer(202, {"batchId": "bat_1", "items": items}))
    batch = gateway.send_batch(
        [{"to": "+819012345678", "text": "One", "metadata": {"n": "1"}}, {"to": "x", "text": "2"}]
    )
    first, second = batch.items
    assert first.problem is None
    assert first.message.id == MESSAGE["id"]
    assert second.message is None
    assert (second.problem.code, second.problem.retryable) == ("no_route", True)
    assert server.told[0].json == {
        "messages": [
            {"to": "+819012345678", "text": "One", "metadata": {"n": "1"}},
            {"to": "x", "text": "2"},
        ]
    }


def test_one_text_goes_to_many(gateway: Driven, server: Scripted) -> None:
    server.says(Answer(202, {"batchId": "bat_1", "items": []}))
    gateway.send_to_many(iter(["+819012345678", "+819012345679"]), template="welcome", metadata={"n": "1"})
    assert server.told[0].json == {
        "to": ["+819012345678", "+819012345679"],
        "template": {"id": "welcome"},
        "metadata": {"n": "1"},
    }


@pytest.mark.parametrize(
    ("name", "given", "body"),
    [
        (
            "verify_by_code",
            {"text": "{code}", "valid_minutes": 5, "length": 8, "client_tag": "t", "provider": "main"},
            {
                "method": "sms_code",
                "text": "{code}",
                "validMinutes": 5,
                "length": 8,
                "clientTag": "t",
                "provider": "main",
            },
        ),
        (
            "verify_by_call_in",
            {"valid_minutes": 5, "lines": "mobile", "text": "Call us"},
            {"method": "call_in", "validMinutes": 5, "lines": "mobile", "text": "Call us"},
        ),
        ("verify_by_call_out", {"valid_minutes": 5, "rings": 3}, {"method": "call_out", "validMinutes": 5, "rings": 3}),
    ],
)
def test_each_way_to_verify_a_number_has_its_body(
    gateway: Driven, server: Scripted, name: str, given: dict[str, Any], body: dict[str, Any]
) -> None:
    server.says(Answer(202, VERIFICATION))
    assert type(getattr(gateway, name)("+819012345678", **given)) is VerificationOut
    assert server.told[0].json == {**body, "number": "+819012345678"}


def test_an_owner_is_answered_at_once(gateway: Driven, server: Scripted) -> None:
    server.says(Answer(200, {"result": "same_owner"}), Answer(202, VERIFICATION))
    answer = gateway.verify_owner("+819012345678", reference_date=date(2026, 5, 31))
    assert type(answer) is OwnerOut
    assert answer.result == "same_owner"
    assert server.told[0].json == {"method": "owner", "number": "+819012345678", "referenceDate": "2026-05-31"}
    with pytest.raises(UnexpectedAnswerError, match=r"VerificationOut, not OwnerOut; it may have been accepted$"):
        gateway.verify_owner("+819012345678", reference_date=date(2026, 5, 31))


def test_an_activation_has_its_calls(gateway: Driven, server: Scripted) -> None:
    call = dict.fromkeys(("to", "status", "pressed", "memo", "rule", "activationId"), "completed")
    server.says(Answer(200, {**ACTIVATION, "calls": [call], "messages": []}))
    found = gateway.get_activation("act_1")
    assert (found.id, [one.status for one in found.calls]) == ("act_1", ["completed"])
    assert server.told[0].path == "/activations/act_1"


def test_pairs_are_mappings() -> None:
    counts = BatchOut.from_dict(
        {"batchId": "bat_1", "total": 3, "counts": {"queued": 1, "teleported": 2}, "createdAt": "2026-11-20T00:00:00Z"}
    ).counts
    assert dict(counts) == {"queued": 1, "teleported": 2}
    assert (counts.get("failed", 0), len(counts), sorted(counts.values())) == (0, 2, [1, 2])
    explained = ExplainOut.from_dict(
        {
            "chosen": None,
            "passedOver": [],
            "guarantee": "psychic",
            "reservation": None,
            "warnings": [],
            "segments": {"main": {"encoding": "gsm7", "characters": 5, "count": 1}},
        }
    )
    assert explained.segments["main"].count == 1
    assert explained.guarantee == "psychic"


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("message.delivered", MESSAGE, MessageEvent),
        ("message.teleported", MESSAGE, MessageEvent),
        ("verification.verified", VERIFICATION, VerificationEvent),
        ("activation.started", ACTIVATION, ActivationEvent),
    ],
)
def test_events_are_of_their_kind(kind: str, data: dict[str, Any], expected: type) -> None:
    found = typed(event(kind, data))
    assert type(found) is expected
    assert (found.id, found.type_, found.timestamp) == ("evt_1", kind, datetime(2026, 11, 20, 0, 0, 0, 210_000, UTC))
    assert found.data.id == data["id"]
    assert not isinstance(found.data, ForgottenOut)


def test_an_event_of_what_is_forgotten_says_little() -> None:
    found = typed(event("verification.expired", {"id": "ver_1", "status": "expired", "final": True}))
    assert isinstance(found, VerificationEvent)
    assert isinstance(found.data, ForgottenOut)
    assert (found.data.id, found.data.final) == ("ver_1", True)


def test_an_event_of_an_unknown_kind_is_kept_as_it_came() -> None:
    found = typed(event("weather.changed", {"sunny": True}))
    assert isinstance(found, OtherEvent)
    assert (found.type_, found.data) == ("weather.changed", {"sunny": True})


@pytest.mark.parametrize(
    "wrong", [{}, {"type": 7}, event("message.delivered", None), event("message.delivered", {}), []]
)
def test_what_is_no_event_is_unexpected(wrong: Any) -> None:
    with pytest.raises(UnexpectedAnswerError):
        typed(wrong)
