"""What the iotcall adapter reads in the vendor's answers to an activation, and in its history."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.reasons import Reason
from gateway.provider import Accepted, Busy, Declined, Log, LoggedCall, Refused, SendOutcome, Unreadable
from gateway.providers.iotcall import codes, wire
from tests.conformance.garbage import ANSWERS, PAGES
from tests.providers.iotcall_tools import (
    CALLS,
    CALLS_OF,
    ID,
    LOGGED,
    MESSAGES,
    SMS_OF,
    answer,
    configured,
    iotcall,
    ms,
)

OK = {"status": "ok", "message": "手動発信を行いました。"}
WRONG_STATUSES = [None, True, False, 0, 1, 200, "", " ", [], ["ok"], {}]
NO_JSON = [
    "",
    " ",
    "ok",
    "status=ok",
    "<html>ok</html>",
    '{"status": "ok"',
    '{"status": "ok"}x',
    "[" * 100_000,
    "9" * 5000,
]


def fired(body: object, status: int = 200) -> SendOutcome:
    return iotcall.send_outcome(answer(body, status))


def log(body: object, kind: str = "calls", status: int = 200) -> Any:
    calls, messages = iotcall.log("fire")
    return (calls if kind == "calls" else messages).read(answer(body, status))


def log_of(body: object, status: int = 200) -> Any:
    return iotcall.log_of("fire", ID).read(answer(body, status))


def call(**fields: object) -> LoggedCall:
    """The call in a list of one, these fields changed; None leaves one out."""
    first = json.loads(CALLS)["list"][0] | fields
    found = log({"status": "ok", "list": [{name: value for name, value in first.items() if value != "-"}]})
    assert isinstance(found, Log), found
    (one,) = found.calls
    return one


# ①


@pytest.mark.parametrize("body", [OK, {"status": "ok"}, {"status": " OK "}, {"message": "x", "status": "ok", "id": 1}])
def test_an_activation_took_place_where_the_vendor_says_ok(body: object) -> None:
    assert fired(body) == Accepted("ok")


@pytest.mark.parametrize("word", ["ng", "NG", "error", "失敗", "x" * 500])
def test_any_other_word_is_a_refusal(word: str) -> None:
    for status in (200, 400, 401, 404, 409, 418, 422):
        outcome = fired({"status": word, "message": "いいえ"}, status)
        assert isinstance(outcome, Refused)
        assert outcome.provider_code == (word.lower()[:40] if status == 200 else str(status))
        assert outcome.detail
        assert outcome.reason in Reason


def test_every_refusal_by_an_http_status_has_a_row_here() -> None:
    expected = {
        400: (Reason.PROVIDER_ERROR, "vendor"),
        401: (Reason.AUTHENTICATION_FAILED, "account"),
        403: (Reason.AUTHENTICATION_FAILED, "account"),
        404: (Reason.PROVIDER_ERROR, "account"),
        405: (Reason.PROVIDER_ERROR, "vendor"),
        410: (Reason.PROVIDER_ERROR, "account"),
        415: (Reason.PROVIDER_ERROR, "vendor"),
        422: (Reason.PROVIDER_ERROR, "vendor"),
        429: (Reason.QUOTA_EXCEEDED, "account"),
    }
    assert {status: (said.reason, said.about) for status, said in codes.REFUSALS.items()} == expected
    for status, (reason, about) in expected.items():
        if status != 429:
            for body in ("", "<html>no</html>", {"message": "x"}):
                outcome = fired(body, status)
                assert isinstance(outcome, Refused)
                assert (outcome.reason, outcome.about, outcome.provider_code) == (reason, about, str(status))


def test_a_limit_took_nothing() -> None:
    for body in ("", OK, {"status": "ng"}):
        assert fired(body, 429) == Busy("429")


@pytest.mark.parametrize(
    "status", [201, 202, 204, 301, 302, 400, 401, 403, 404, 408, 409, 422, 500, 502, 503, 504, 520]
)
def test_ok_counts_only_under_200(status: int) -> None:
    assert isinstance(fired(OK, status), Unreadable)


@pytest.mark.parametrize("status", [100, 201, 302, 408, 409, 425, 500, 503])
def test_other_http_statuses_are_lost_answers(status: int) -> None:
    for body in ("", {"message": "x"}, *PAGES):
        assert isinstance(fired(body, status), Unreadable)


def test_a_word_under_a_failure_s_status_is_none() -> None:
    for status in range(500, 600):
        assert isinstance(fired({"status": "ng"}, status), Unreadable)


@pytest.mark.parametrize("body", [*NO_JSON, "{}", "[]", "null", [OK], '{"status": "ok"}{"status": "ok"}'])
def test_what_says_nothing_certain_is_a_lost_answer(body: object) -> None:
    outcome = fired(body)
    assert isinstance(outcome, Unreadable)
    assert outcome.detail


@pytest.mark.parametrize("wrong", WRONG_STATUSES)
def test_a_status_that_is_no_word_is_a_lost_answer(wrong: object) -> None:
    assert isinstance(fired({"status": wrong}), Unreadable)


def test_two_statuses_that_differ_are_none() -> None:
    assert isinstance(fired('{"status": "ng", "status": "ok"}'), Unreadable)
    assert isinstance(fired('{"status": "ok", "status": "ok"}'), Accepted)
    assert isinstance(fired('{"status": "ok"} {"status": "ng"}'), Refused)


def test_too_much_is_no_answer() -> None:
    long = {"status": "ok", "message": "x" * wire.ANSWER_AT_MOST}
    assert isinstance(fired(long), Unreadable)
    assert isinstance(iotcall.replace_numbers("fire", ()).read(answer(long)), Unreadable)


def test_no_bound_is_below_what_the_vendor_may_say() -> None:
    assert wire.ANSWER_AT_MOST < wire.NUMBERS_AT_MOST < wire.LOG_AT_MOST
    entry = json.loads(CALLS)["list"][0]
    found = log({"status": "ok", "list": [entry] * 4000})
    assert isinstance(found, Log)
    assert len(found.calls) == 4000
    assert isinstance(log('{"status": "ok", "list": []}' + " " * wire.LOG_AT_MOST), Unreadable)
    assert isinstance(iotcall.numbers("fire").read(answer('{"tel": 1}' + " " * wire.NUMBERS_AT_MOST)), Unreadable)


# ④ A to D


def test_the_printed_history_of_calls() -> None:
    found = log(CALLS)
    assert found.messages == ()
    assert found.calls == (
        LoggedCall(
            to="+818043391234",
            status="completed",
            pressed=1,
            duration=31,
            started_at=ms("2022-07-15 04:07:40"),
            ended_at=ms("2022-07-15 04:08:11"),
            memo="これはテストです。",
            rule_id="0008200123",
            activation_id="0015300264230816123459",
        ),
        LoggedCall(
            to="+818043395678",
            status="completed",
            duration=19,
            started_at=ms("2022-07-15 04:14:57"),
            ended_at=ms("2022-07-15 04:15:16"),
            memo="これはテストです。",
            rule_id="0008200456",
            activation_id="0015300264230816123559",
        ),
    )


def test_the_printed_history_of_messages() -> None:
    found = log(MESSAGES, "messages")
    assert found.calls == ()
    assert [(each.to, each.status, each.created_at) for each in found.messages] == [
        ("+8180433990123", "delivered", ms("2022-07-15 03:54:41")),
        ("+818043394567", "delivered", ms("2022-07-15 04:07:35")),
    ]
    assert [(each.memo, each.rule_id, each.activation_id) for each in found.messages] == [
        ("これはテストです。", "0008200123", "0015300264230816556459"),
        ("これはテストです。", "0008200456", "0015300264234456123459"),
    ]


def test_every_field_may_be_a_string_a_number_or_nothing() -> None:
    """A number off by a digit and a status in no document stay as they are."""
    odd = call(to=818043391234, status="no-answer", response_no="9", duration=7, rule_id=8200123, code=15300264)
    assert (odd.to, odd.status, odd.pressed, odd.duration) == ("818043391234", "no-answer", 9, 7)
    assert (odd.rule_id, odd.activation_id) == ("8200123", "15300264")
    assert [call(response_no=each).pressed for each in (0, "0", "*", "", None, [])] == [0, 0, *[None] * 4]
    assert [call(duration=each).duration for each in ("", None, "-", "1:30", -1, 31.0, 31.5, [])] == [
        *(None, None, None, None, None),
        *(31, None, None),
    ]
    bare = call(**dict.fromkeys(("response_no", "duration", "start_time", "end_time", "memo", "rule_id", "code"), "-"))
    assert bare == LoggedCall(to="+818043391234", status="completed")
    assert call(status=None, memo=None).status == ""


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2022-07-15 04:07:40", "2022-07-15 04:07:40"),
        ("2022/07/15 04:07:40", "2022-07-15 04:07:40"),
        ("2022-07-15T04:07:40", "2022-07-15 04:07:40"),
        ("2022-07-15", "2022-07-15 00:00:00"),
        ("2022-07-14T19:07:40Z", "2022-07-15 04:07:40"),
        *(
            (wrong, None)
            for wrong in ("", None, "0000-00-00 00:00:00", "2022-02-30 00:00:00", "yesterday", [], 7, True)
        ),
    ],
)
def test_times_are_the_vendor_s_clock_s(written: object, read: str | None) -> None:
    at = ms(read) if read else None
    assert (call(start_time=written).started_at, call(end_time=written).ended_at) == (at, at)


def test_another_clock() -> None:
    _, messages = configured(timezone="Asia/Seoul").log(None)
    assert isinstance(found := messages.read(answer(MESSAGES)), Log)
    assert found.messages[0].created_at == ms("2022-07-15 03:54:41")
    _, messages = configured(timezone="UTC").log(None)
    assert isinstance(found := messages.read(answer(MESSAGES)), Log)
    assert found.messages[0].created_at == ms("2022-07-15 12:54:41")


def test_words_are_shown_on_one_line_and_not_without_end() -> None:
    said = call(memo="a\nb\x00c\ud800" + "x" * 5000, status="s" * 500)
    assert said.memo.startswith("a b c x")
    assert (len(said.memo), len(said.status)) == (2000, 200)
    said.memo.encode()


@pytest.mark.parametrize("kind", ["calls", "messages"])
@pytest.mark.parametrize("empty", ["[]", "null", "{}"])
def test_an_empty_history(kind: str, empty: str) -> None:
    assert log(f'{{"status": "ok", "list": {empty}}}', kind) == Log()


@pytest.mark.parametrize(
    "body",
    [
        *NO_JSON,
        *('{"status": "ok"}', '{"list": []}', '{"status": "ok", "list": "x"}', '{"status": "ok", "list": ["x"]}'),
        *('{"status": "ok", "list": [{"too": 1}]}', '{"status": "ok", "lists of": []}', "[]"),
        *(json.dumps({"status": wrong, "list": []}) for wrong in WRONG_STATUSES),
    ],
)
def test_what_is_no_history(body: str) -> None:
    assert isinstance(log(body), Unreadable)


def test_the_vendor_s_no_is_told_in_its_words() -> None:
    for read in (log, log_of):
        assert read({"status": "ng", "message": "no"}) == Declined("ng", "no")
        assert read({"message": "no"}, status=401) == Declined("401", "no")
        assert read("", status=404) == Declined("404", "")
        assert read("", status=429) == Declined("429", "")
        for status in (201, 302, 408, 500, 503):
            assert isinstance(read(CALLS, status=status), Unreadable)
        for status in (400, 404, 429):
            assert isinstance(read(CALLS, status=status), Unreadable), "ok and an error contradict each other"


# ④ E

BOTH = ", ".join(part.strip().removeprefix("{").removesuffix("}") for part in (SMS_OF, CALLS_OF))


@pytest.mark.parametrize(
    "body",
    [
        f'{{"status": "ok", "0": {SMS_OF}}}\n{CALLS_OF}',
        f'{{"status": "ok", "0": {SMS_OF}}}, {CALLS_OF}',
        f'{{"status": "ok", "0": {SMS_OF}, "1": {CALLS_OF}}}',
        f'{{"status": "ok", "0": {CALLS_OF}, "0": {SMS_OF}}}',
        f'{{"status": "ok", "0": {{{BOTH}}}}}',
        f'{{"status": "ok", {BOTH}}}',
        f'{{"status": "ok", "list": [{SMS_OF}, {CALLS_OF}]}}',
        f'{{"status": "ok", "list": {{{BOTH}}}}}',
        f'{{"status": "ok", "{ID}": [{CALLS_OF}, {SMS_OF}]}}',
        f'{{"status": "ok", {BOTH.replace("sms_logs", "smsLogs").replace("call_logs", "callLog")}}}',
        f'\ufeff{{"status": "ok", "x": {{"y": [{{"z": {SMS_OF}}}], "w": {CALLS_OF}}}}}',
    ],
)
def test_both_logs_wherever_they_stand(body: str) -> None:
    """The page prints two objects in two boxes, the first of which closes."""
    assert log_of(body) == LOGGED


def test_both_kinds_in_one_list_are_told_apart() -> None:
    entries = json.loads(CALLS_OF)["call_logs"] + json.loads(SMS_OF)["sms_logs"]
    assert log_of({"status": "ok", "list": entries}) == LOGGED
    assert log_of({"status": "ok", "list": {"0": entries[0], "1": entries[1]}}) == LOGGED


def test_one_entry_alone_and_tables_of_entries() -> None:
    calls, messages = json.loads(CALLS_OF)["call_logs"][0], json.loads(SMS_OF)["sms_logs"][0]
    assert log_of({"status": "ok", "call_logs": calls, "sms_logs": {"0": messages}}) == LOGGED


@pytest.mark.parametrize(
    "body", ['{"status": "ok"}', '{"status": "ok", "0": []}', '{"status": "ok", "0": {"sms_logs": []}}']
)
def test_nothing_yet(body: str) -> None:
    assert log_of(body) == Log()


@pytest.mark.parametrize(
    "body",
    [*NO_JSON, "{}", SMS_OF, '{"status": "ok", "call_logs": 1}', '{"status": "ok", "0": {"sms_logs": ["x"]}}'],
)
def test_what_is_no_log_of_an_activation(body: str) -> None:
    assert isinstance(log_of(body), Unreadable)


# Whatever comes

ENTRY = st.dictionaries(
    st.sampled_from(["to", "status", "duration", "start_time", "created_at", "code", "tel", "group", "check"]),
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["2022-07-15", "1"]),
)
SHAPES = st.recursive(
    ENTRY,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["list", "0", "call_logs", "sms_logs", "tel", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)
BODIES = st.builds(lambda shape, status: {"status": status, "list": shape}, SHAPES, st.sampled_from(["ok", "ng", 1]))


@given(ANSWERS)
def test_garbage_is_nothing(garbage: Any) -> None:
    outcome = iotcall.send_outcome(garbage)
    assert isinstance(outcome, Busy | Refused | Unreadable)
    assert not isinstance(outcome, Refused) or 400 <= garbage.status < 500
    questions = (
        iotcall.numbers("fire"),
        iotcall.replace_numbers("fire", ()),
        *iotcall.log(None),
        iotcall.log_of("fire", ID),
    )
    for question in questions:
        assert isinstance(question.read(garbage), Declined | Unreadable)


@given(BODIES, st.sampled_from([200, 200, 404, 500]))
def test_answers_of_any_shape_are_read_or_not(body: Any, status: int) -> None:
    for read in (log, log_of):
        found = read(body, status=status)
        assert isinstance(found, Log | Declined | Unreadable)
        assert not isinstance(found, Log) or (status, body["status"]) == (200, "ok")
    numbers = iotcall.numbers("fire").read(answer(body, status))
    assert isinstance(numbers, tuple | Declined | Unreadable)
    assert not isinstance(numbers, tuple) or (status, body["status"]) == (200, "ok")


def test_deep_nesting_is_no_answer() -> None:
    for depth in (300, 900, 5000):
        for opened, closed in (('{"list": ', "}"), ("[", "]"), ('{"tel": ', "}")):
            body = f'{{"status": "ok", "list": {opened * depth}{{"x": 1}}{closed * depth}}}'
            for read in (log, log_of, lambda body: iotcall.numbers("fire").read(answer(body))):
                assert isinstance(read(body), Unreadable)
