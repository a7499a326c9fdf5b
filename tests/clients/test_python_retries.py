"""The Python client: what is sent again, when, and under which key."""

from __future__ import annotations

import copy
import logging
import pickle
from datetime import UTC, datetime, timedelta
from math import inf
from traceback import TracebackException
from typing import Any

import httpx
import pytest
from message_gateway import (
    ConflictError,
    ConnectionFailedError,
    ProblemError,
    RateLimitedError,
    RequestFailedError,
    RetryPolicy,
    UnavailableError,
    UnexpectedAnswerError,
)
from message_gateway.generated.api.messages import explain_message
from message_gateway.generated.api.reservations import change_reservation
from message_gateway.generated.api.rules import put_rule_numbers
from message_gateway.generated.models import MessageIn, ReservationPatchIn, RuleNumberIn, RuleNumbersIn
from message_gateway.retrying import retry_after

from tests.clients.python_tools import (
    ACTIVATION,
    KEY,
    MESSAGE,
    VERIFICATION,
    Answer,
    Driven,
    Lost,
    Never,
    Scripted,
    driven,
    gateway,
    kind,
    message,
    problem,
    server,
)
from tests.conftest import free_port

__all__ = ["gateway", "kind", "server"]

HELLO = {"to": "+819012345678", "text": "Hello"}
LATER = datetime.now(UTC) + timedelta(days=1)


def test_a_message_is_sent_again_under_the_same_key(gateway: Driven, server: Scripted) -> None:
    server.says(problem(503, "overloaded", {"Retry-After": "7"}), message())
    assert gateway.send(**HELLO).id == MESSAGE["id"]
    assert gateway.slept == [7.5]  # what it asks for, and a random part
    first, second = server.told
    assert first.key
    assert first.key == second.key
    assert first.body == second.body


def test_each_call_has_a_key_of_its_own(gateway: Driven, server: Scripted) -> None:
    server.says(message(), message())
    gateway.send(**HELLO)
    gateway.send(**HELLO)
    assert len({told.key for told in server.told}) == 2


def test_a_lost_answer_is_asked_for_again(gateway: Driven, server: Scripted) -> None:
    server.says(Lost(), Lost(), message())
    assert gateway.send(**HELLO).id == MESSAGE["id"]
    assert gateway.slept == [0.5, 1.0]
    assert len({told.key for told in server.told}) == 1


def test_an_answer_that_takes_too_long_is_lost(kind: str, server: Scripted) -> None:
    server.says(Never(), message())
    with driven(kind, server.url, timeout=0.2) as gateway:
        assert gateway.send(**HELLO).id == MESSAGE["id"]
    assert len({told.key for told in server.told}) == 1
    assert len(server.told) == 2


def test_a_broken_answer_is_lost(gateway: Driven, server: Scripted) -> None:
    server.says(Answer(202, b"no gzip at all", {"Content-Encoding": "gzip"}), message())
    assert gateway.send(**HELLO).id == MESSAGE["id"]


def test_it_waits_longer_each_time_and_gives_up(gateway: Driven, server: Scripted) -> None:
    server.says(*[problem(429, "rate_limited")] * 5)
    with pytest.raises(RateLimitedError) as raised:
        gateway.send(**HELLO)
    assert gateway.slept == [0.5, 1.0, 2.0, 4.0]
    assert (raised.value.tries, raised.value.retry_after) == (5, None)


def test_the_wait_is_drawn_at_random(kind: str, server: Scripted) -> None:
    server.says(problem(429, "rate_limited"), problem(429, "rate_limited"), message())
    drawn = iter([0.25, 0.5])
    with driven(kind, server.url, random=lambda: next(drawn)) as gateway:
        gateway.send(**HELLO)
        assert gateway.slept == [0.3125, 0.75]  # half of it for certain: a restart is ridden out


def test_no_wait_is_longer_than_eight_seconds(kind: str, server: Scripted) -> None:
    server.says(*[problem(429, "rate_limited")] * 6, message())
    with driven(kind, server.url, retry=RetryPolicy(retries=6)) as gateway:
        gateway.send(**HELLO)
        assert gateway.slept == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]


@pytest.mark.parametrize(
    ("asked", "slept"),
    [((61,), []), ((60,), [60]), ((40, 40), [40.5]), ((58, 1), [58.5, 1.5]), ((0, 0, 50), [0.5, 1, 52])],
)
def test_it_waits_a_minute_in_all(
    gateway: Driven, server: Scripted, asked: tuple[int, ...], slept: list[float]
) -> None:
    server.says(*[problem(429, "rate_limited", {"Retry-After": str(seconds)}) for seconds in asked])
    server.says(problem(429, "rate_limited", {"Retry-After": "60"}))
    with pytest.raises(RateLimitedError) as raised:
        gateway.send(**HELLO)
    assert gateway.slept == slept
    assert raised.value.retry_after is not None


def test_a_date_to_retry_after_is_counted_from_the_answer_s_own(gateway: Driven, server: Scripted) -> None:
    now, then = "Fri, 20 Nov 2026 00:00:00 GMT", "Fri, 20 Nov 2026 00:00:09 GMT"
    server.says(
        Answer(503, b"", {"Date": now, "Retry-After": then}), Answer(503, b"", {"Retry-After": "soon"}), message()
    )
    gateway.send(**HELLO)
    assert gateway.slept == [9.5, 1.0]


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        *(("1.5", 1.5), ("0", 0.0), ("Thu, 01 Jan 2026 00:00:00 GMT", 0.0), ("86400", 86400.0)),
        *((value, None) for value in ("-5", "1,5", "soon", "", "Fri, 01 Jan 99999999999999999999 00:00:00 GMT")),
    ],
)
def test_a_retry_after_is_a_time_or_nothing(asked: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": asked, "date": "Fri, 20 Nov 2026 00:00:00 GMT"}) == seconds


def test_whoever_never_gives_up_has_a_wait_for_every_try() -> None:
    assert RetryPolicy(retries=10**6, max_wait=inf).backoff(10**6, lambda: 1.0) == 8.0


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        (problem(503, "provider_unavailable", retryable=False), 1),
        (problem(502, "provider_error", retryable=False), 1),
        (problem(502, "provider_error", retryable=True), 5),
        (problem(504, "provider_timeout", retryable=False), 1),
        (problem(504, "provider_timeout", retryable=True), 5),
        (problem(500, "internal_error", retryable=True), 1),
        (problem(409, "not_cancelable", retryable=True), 1),
        (Answer(502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"}), 5),
        (Answer(503, b"<html>No server</html>", {"Content-Type": "text/html"}), 5),
    ],
    ids=lambda value: f"{value.status}-{'retryable' in str(value.body)}" if isinstance(value, Answer) else None,
)
def test_what_is_not_retryable_is_not_repeated(gateway: Driven, server: Scripted, answer: Answer, times: int) -> None:
    server.says(*[answer] * 5)
    with pytest.raises(ProblemError) as raised:
        gateway.send(**HELLO)
    assert raised.value.status == answer.status
    assert raised.value.tries == len(server.told) == times


def test_a_client_tag_needs_no_key(gateway: Driven, server: Scripted) -> None:
    server.says(Lost(), message())
    gateway.send(**HELLO, client_tag="first")
    assert [told.key for told in server.told] == [None, None]


def test_a_key_of_one_s_own_is_kept(gateway: Driven, server: Scripted) -> None:
    server.says(Lost(), message())
    gateway.send(**HELLO, idempotency_key="parcel-1")
    assert [told.key for told in server.told] == ["parcel-1", "parcel-1"]


def test_a_batch_has_a_key_whatever_tags_are_in_it(gateway: Driven, server: Scripted) -> None:
    server.says(Lost(), Answer(202, {"batchId": "bat_1", "items": []}))
    gateway.send_batch([{**HELLO, "client_tag": "first"}])
    assert len({told.key for told in server.told}) == 1
    assert server.told[0].key


KEYED: dict[str, tuple[tuple[Any, ...], dict[str, Any], Any]] = {
    "send": ((), HELLO, MESSAGE),
    "send_to_many": ((["+819012345678"],), {"text": "Hello"}, {"batchId": "bat_1", "items": []}),
    "cancel": (("msg_1",), {}, MESSAGE),
    "reserve": ((), {**HELLO, "send_at": LATER}, MESSAGE),
    "verify_by_code": (("+819012345678",), {"text": "{code}", "valid_minutes": 5}, VERIFICATION),
    "check_code": (("ver_1", "123456"), {}, {"result": "verified"}),
    "resend_code": (("ver_1",), {}, VERIFICATION),
    "activate": (("fire",), {}, ACTIVATION),
}


@pytest.mark.parametrize("name", KEYED)
def test_every_call_that_sends_can_be_repeated(gateway: Driven, server: Scripted, name: str) -> None:
    args, more, answer = KEYED[name]
    server.says(Lost(), Answer(202, answer) if name not in ("check_code", "cancel") else Answer(200, answer))
    if name == "reserve":
        server.script[-1].status = 201
    getattr(gateway, name)(*args, **more)
    assert len({told.key for told in server.told}) == 1
    assert server.told[0].key


def test_the_paths_are_known_under_any_address(kind: str, server: Scripted) -> None:
    server.says(message(), Answer(200, MESSAGE))
    with driven(kind, f"{server.url}/sms/v1/") as gateway:
        gateway.send(**HELLO)
        gateway.cancel("msg/1?")
    assert [told.path for told in server.told] == ["/sms/v1/messages", "/sms/v1/messages/msg%2F1%3F/cancel"]
    assert all(told.key for told in server.told)


@pytest.mark.parametrize("path", ["/our sms", "/g%C3%A4teway/sms/", "/g\u00e4teway/sms", "/other/../sms"])
def test_the_paths_are_known_however_the_address_is_written(kind: str, server: Scripted, path: str) -> None:
    server.says(Lost(), message())
    with driven(kind, server.url + path) as gateway:
        gateway.send(**HELLO)
    assert all(told.key and told.path.endswith("sms/messages") for told in server.told)


def test_what_cannot_be_repeated_is_not(gateway: Driven, server: Scripted) -> None:
    server.says(Lost(), Lost())
    with pytest.raises(ConnectionFailedError) as raised:
        gateway.generated(change_reservation, "msg_1", body=ReservationPatchIn(text="Hello"))
    failure = raised.value
    assert (failure.tries, failure.may_have_been_accepted, failure.repeatable) == (1, True, False)
    with pytest.raises(ConnectionFailedError):
        gateway.generated(explain_message, body=MessageIn(**HELLO))
    assert [told.key for told in server.told] == [None, None]


def test_a_put_can_be_repeated(gateway: Driven, server: Scripted) -> None:
    server.says(Lost(), Answer(200, {"numbers": []}))
    body = RuleNumbersIn(numbers=[RuleNumberIn(number="+819012345678")])
    assert gateway.generated(put_rule_numbers, "fire", body=body).numbers == []


def test_a_failure_tells_the_key_to_repeat_it_with(gateway: Driven, server: Scripted) -> None:
    server.says(*[Lost()] * 5, message())
    with pytest.raises(ConnectionFailedError, match="may have been accepted; safe to repeat with") as raised:
        gateway.send(**HELLO)
    assert raised.value.may_have_been_accepted
    assert raised.value.tries == 5
    gateway.send(**HELLO, idempotency_key=raised.value.idempotency_key)
    assert len({told.key for told in server.told}) == 1


def test_where_nobody_listens_nothing_was_accepted(kind: str) -> None:
    with driven(kind, f"http://127.0.0.1:{free_port()}") as gateway:
        with pytest.raises(ConnectionFailedError) as raised:
            gateway.change_reservation("msg_1", text="Hello")
        assert (raised.value.tries, raised.value.may_have_been_accepted) == (5, False)
        assert "accepted" not in str(raised.value)


HTML = {"Content-Type": "text/html"}
OPEN: dict[str, tuple[list[Answer], type[RequestFailedError]]] = {
    "lost, then refused": ([Lost(), problem(401, "unauthorized", retryable=False)], ProblemError),
    "lost, then too many": ([Lost(), *[problem(429, "rate_limited")] * 4], RateLimitedError),
    "the store is away": ([problem(503, "store_unavailable")] * 5, UnavailableError),
    "a page of a proxy's": ([Answer(504, b"<html>", HTML)] * 5, ProblemError),
    "a code of tomorrow": ([problem(503, "a_code_of_tomorrow")] * 5, UnavailableError),
    "a bug": ([problem(500, "internal_error", retryable=False)], ProblemError),
    "a login page": ([Answer(200, b"<html>", HTML)], UnexpectedAnswerError),
    "elsewhere": ([Answer(307, b"", {"Location": "/"})], UnexpectedAnswerError),
    "another shape": ([Answer(202, {})], UnexpectedAnswerError),
}


@pytest.mark.parametrize("name", OPEN)
def test_whatever_leaves_it_open_tells_the_key_to_repeat_it_with(gateway: Driven, server: Scripted, name: str) -> None:
    answers, kind_of_error = OPEN[name]
    server.says(*answers)
    with pytest.raises(kind_of_error, match="may have been accepted; safe to repeat with") as raised:
        gateway.send(**HELLO)
    error = raised.value
    assert (error.tries, error.may_have_been_accepted, error.repeatable) == (len(answers), True, True)
    assert {told.key for told in server.told} == {error.idempotency_key}


@pytest.mark.parametrize("code", ["overloaded", "provider_unavailable", "rate_limited"])
def test_a_refusal_accepts_nothing(gateway: Driven, server: Scripted, code: str) -> None:
    server.says(*[problem(429 if code == "rate_limited" else 503, code)] * 5)
    with pytest.raises(ProblemError) as raised:
        gateway.send(**HELLO)
    assert not raised.value.may_have_been_accepted
    assert "accepted" not in str(raised.value)


def test_a_refused_connection_does_not_undo_what_was_open_before(kind: str) -> None:
    answers = iter([httpx.Response(504, html="<html>")])

    def once(request: httpx.Request) -> httpx.Response:
        for answer in answers:
            return answer
        raise httpx.ConnectError("refused", request=request)

    with (
        driven(kind, "http://gateway", transport=httpx.MockTransport(once)) as gateway,
        pytest.raises(ConnectionFailedError) as raised,
    ):
        gateway.send(**HELLO)
    assert raised.value.may_have_been_accepted


def test_an_empty_key_protects_nothing(gateway: Driven, server: Scripted) -> None:
    server.says(Lost())
    with pytest.raises(ConnectionFailedError) as raised:
        gateway.send(**HELLO, idempotency_key="")
    assert (raised.value.tries, raised.value.repeatable, raised.value.idempotency_key) == (1, False, None)


def test_errors_are_the_same_in_another_process(gateway: Driven, server: Scripted) -> None:
    server.says(problem(409, "duplicate_client_tag", retryable=False, messageId="msg_1"), Answer(202, {}))
    for _ in range(2):
        with pytest.raises(RequestFailedError) as raised:
            gateway.send(**HELLO)
        for same in (pickle.loads(pickle.dumps(raised.value)), copy.copy(raised.value)):
            assert type(same) is type(raised.value)
            assert (str(same), vars(same)) == (str(raised.value), vars(raised.value))


def test_reading_accepts_nothing(gateway: Driven, server: Scripted) -> None:
    server.says(*[Lost()] * 5)
    with pytest.raises(ConnectionFailedError) as raised:
        gateway.get("msg_1")
    assert not raised.value.may_have_been_accepted
    assert raised.value.idempotency_key is None


def test_without_retries_there_is_one_try(kind: str, server: Scripted) -> None:
    server.says(problem(503, "overloaded"))
    with driven(kind, server.url, retry=RetryPolicy(retries=0)) as gateway, pytest.raises(UnavailableError):
        gateway.send(**HELLO)
    assert len(server.told) == 1


def test_a_cancel_whose_answer_was_lost_is_a_cancel(gateway: Driven, server: Scripted) -> None:
    refused = problem(409, "not_cancelable", retryable=False)
    server.says(Lost(), refused, Answer(200, {**MESSAGE, "status": "canceled"}))
    assert gateway.cancel_reservation("msg_1").status == "canceled"
    server.says(Lost(), refused, Answer(200, {**MESSAGE, "status": "submitted"}))
    with pytest.raises(ConflictError):
        gateway.cancel_reservation("msg_1")
    server.says(refused)
    with pytest.raises(ConflictError):
        gateway.cancel_reservation("msg_1")
    assert not server.script


def test_the_key_is_sent_and_shown_nowhere(gateway: Driven, server: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.says(message(), problem(401, "unauthorized", retryable=False), *[Lost()] * 5)
    gateway.send(**HELLO)
    shown = [repr(gateway.inner), repr(gateway.inner.client), repr(vars(gateway.inner))]
    for _ in range(2):
        with pytest.raises(Exception, match=r".+") as raised:
            gateway.send(**HELLO)
        shown += [str(raised.value), repr(raised.value), repr(vars(raised.value)), repr(raised.value.__cause__)]
        shown += TracebackException.from_exception(raised.value, capture_locals=True).format()
    with pytest.raises(ValueError, match="printable") as mistake:
        gateway.send(**HELLO, idempotency_key="a\nb")
    shown += TracebackException.from_exception(mistake.value, capture_locals=True).format()
    assert all(told.headers["authorization"] == f"Bearer {KEY}" for told in server.told)
    assert all(told.headers["user-agent"].startswith("message-gateway-python/") for told in server.told)
    assert KEY not in "".join(shown) + caplog.text
