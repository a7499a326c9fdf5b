"""What the koreasms adapter reads in the vendor's answers, to a send and to the question for the balance."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.reasons import Reason
from gateway.provider import Accepted, Balance, Busy, Declined, Refused, SendOutcome, Unreadable, VendorAnswer
from gateway.providers.koreasms import codes
from tests.providers.koreasms_tools import koreasms, said


def sent(body: bytes | str, status: int = 200) -> SendOutcome:
    return koreasms.send_outcome(VendorAnswer(status, body.encode() if isinstance(body, str) else body))


def told(body: str, status: int = 200) -> Balance | Declined | Unreadable:
    return koreasms.balance().read(VendorAnswer(status, body.encode()))


# Answers to a send


@pytest.mark.parametrize("result", [True, "true", "True", " TRUE ", 1, "1"])
@pytest.mark.parametrize("code", [0, "0", " 0 "])
def test_accepted(result: object, code: object) -> None:
    assert sent(said(result=result, errorCode=code)) == Accepted("0", 646)


@pytest.mark.parametrize(
    ("balance", "amount"),
    [(646, 646), ("646", 646), (0, 0), (-5, -5)]
    + [(wrong, None) for wrong in (None, "", "1,000", 6.5, True, [1], "0x1", 10**16, "٣")],
)
def test_a_balance_is_a_plain_integer(balance: object, amount: int | None) -> None:
    assert sent(said(balance=balance)) == Accepted("0", amount)
    outcome = sent(said(result=False, errorCode=9, balance=balance))
    assert isinstance(outcome, Refused)
    assert outcome.balance == amount


def test_an_answer_without_a_balance() -> None:
    assert sent('{"result": true, "errorCode": 0}') == Accepted("0", None)


REFUSED = {
    1: (Reason.PROVIDER_ERROR, "vendor", False),
    2: (Reason.PROVIDER_ERROR, "vendor", True),
    3: (Reason.AUTHENTICATION_FAILED, "account", False),
    4: (Reason.SOURCE_ADDRESS_REFUSED, "account", False),
    5: (Reason.ACCOUNT_SUSPENDED, "account", False),
    6: (Reason.SENDER_NOT_ALLOWED, "account", False),
    7: (Reason.TOO_LONG, "message", False),
    8: (Reason.TOO_MANY_RECIPIENTS, "vendor", True),
    9: (Reason.INSUFFICIENT_BALANCE, "account", False),
    10: (Reason.PROVIDER_ERROR, "vendor", True),
}


@pytest.mark.parametrize("code", REFUSED)
@pytest.mark.parametrize("result", [False, "false", 0])
def test_refused(code: int, result: object) -> None:
    for written in (code, str(code)):
        outcome = sent(said(result=result, errorCode=written, msg="성공", balance=7))
        assert isinstance(outcome, Refused)
        assert (outcome.reason, outcome.about, outcome.divisible) == REFUSED[code]
        assert (outcome.provider_code, outcome.balance) == (str(code), 7)


def test_every_code_has_a_row_here() -> None:
    assert REFUSED.keys() == codes.REFUSALS.keys()


@pytest.mark.parametrize("code", [11, "99", -1])
def test_a_code_in_no_document_is_a_refusal_all_the_same(code: object) -> None:
    outcome = sent(said(result=False, errorCode=code))
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.about, outcome.divisible) == (Reason.PROVIDER_ERROR, "vendor", True)
    assert outcome.provider_code == str(code)


CONTRADICTIONS = [said(errorCode=10), said(result=False), said(result="false", errorCode="0")]
MISSING = ["{}", '{"result": true}', '{"errorCode": 0}', '{"errorCode": 10}', '{"result": false}']
UNUSABLE = [said(result=wrong) for wrong in (None, "", "ok", "성공", 2, 1.0, [], [True])]
UNUSABLE += [said(errorCode=wrong) for wrong in (None, "", "ok", 0.0, False, [], "00", "-0", "0.0", 10**20)]
UNUSABLE += [said(result=False, errorCode=wrong) for wrong in ("", "ten", 10.0, True, None)]
TWICE = ['{"result": true, "errorCode": 0, "errorCode": 10}', '{"result": true, "result": false, "errorCode": 0}']
TWICE += ['{"result": true, "errorCode": 0, "errorCode": 10, "errorCode": 0}']
NO_OBJECT = ["", " ", "true", "0", "성공", "[]", f"[{said()}]", said()[:-1], said() + "x", "[" * 100_000, "9" * 5000]
NO_OBJECT += ["<html>{}</html>", "result=true&errorCode=0"]


@pytest.mark.parametrize("body", [*CONTRADICTIONS, *MISSING, *UNUSABLE, *TWICE, *NO_OBJECT])
def test_anything_else_is_a_lost_answer(body: str) -> None:
    outcome = sent(body)
    assert isinstance(outcome, Unreadable)
    assert outcome.detail


def test_a_field_said_twice_alike_is_said_once() -> None:
    assert sent('{"result": true, "errorCode": 0, "errorCode": 0, "msg": "a", "msg": "b"}') == Accepted("0", None)


@pytest.mark.parametrize("status", [201, 204, 302, 400, 401, 403, 404, 500, 502, 503])
def test_another_http_status_is_a_lost_answer(status: int) -> None:
    for body in (said(), said(result=False, errorCode=10), ""):
        assert isinstance(sent(body, status), Unreadable)


def test_429_is_a_limit() -> None:
    assert sent("", 429) == sent(said(), 429) == Busy("429")


def test_messages_are_never_read_whatever_their_encoding() -> None:
    assert sent(b'{"result": true, "errorCode": 0, "msg": "a\n\x00b\xff"}') == Accepted("0", None)
    for message in ("실패", 'b"} {', "\x00", ["x"]):
        for encoding in ("utf-8", "utf-8-sig", "cp949"):
            body = json.dumps({"result": True, "errorCode": 0, "msg": message}, ensure_ascii=False)
            assert sent(body.encode(encoding)) == Accepted("0", None)


# The balance


def test_the_balance_is_asked_with_a_form() -> None:
    question = koreasms.balance().request
    assert (question.method, question.url) == ("POST", "https://site.example.kr/messages/balance")
    assert dict(parse_qsl(question.body.decode())) == {"key": "abc+def/", "id": "shop"}
    assert "charset=UTF-8" in dict(question.headers)["Content-Type"]


@pytest.mark.parametrize(
    "body",
    ['{"result": true, "balance": 646}', '{"result": "true", "balance": "646"}', said(), said(errorCode="0")],
)
def test_balance(body: str) -> None:
    assert told(body) == Balance(646, "KRW", "won")


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ('{"result": false}', "", ""),
        ('{"result": false, "errorCode": 3, "msg": " 인증키\\n오류\\u0000 "}', "3", "인증키 오류"),
        (said(result="false", errorCode="77", msg="x" * 900), "77", "x" * 200),
        (said(result=False, errorCode=5, msg=["x"]), "5", ""),
        (said(result=False, errorCode="x", msg="no"), "", "no"),
    ],
)
def test_balance_declined(body: str, code: str, message: str) -> None:
    assert told(body) == Declined(code, message)


@pytest.mark.parametrize(
    "body",
    [
        *(*CONTRADICTIONS, *NO_OBJECT, "{}", '{"result": true}', '{"balance": 646}', said(balance="many")),
        *(said(errorCode=None), '{"result": true, "balance": 1, "balance": 2}'),
    ],
)
def test_balance_unreadable(body: str) -> None:
    assert isinstance(told(body), Unreadable)


@pytest.mark.parametrize("status", [201, 404, 429, 500, 503])
def test_balance_under_another_http_status(status: int) -> None:
    assert isinstance(told(said(), status), Unreadable)


# Whatever comes

VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.none(), max_size=1)
SPELLED = VALUES | st.sampled_from(["true", "false", "0", "10", "1", " 0"])
ANSWERS = st.dictionaries(st.sampled_from(["result", "errorCode", "balance", "msg"]), SPELLED).map(json.dumps)
PIECES = st.lists(st.sampled_from(["{", "}", '"result"', '"errorCode"', ":", ",", "true", "false", "0", '"', "\ud55c"]))
BODIES = st.binary(max_size=60) | ANSWERS.map(str.encode) | PIECES.map("".join).map(str.encode)


@given(BODIES, st.sampled_from([200, 200, 200, 429, 500]))
def test_no_answer_raises_and_only_true_with_0_is_success(body: bytes, status: int) -> None:
    outcome = sent(body, status)
    assert isinstance(outcome, Accepted | Busy | Refused | Unreadable)
    assert isinstance(koreasms.balance().read(VendorAnswer(status, body)), Balance | Declined | Unreadable)
    if isinstance(outcome, Accepted):
        fields = json.loads(body)
        assert str(fields["result"]).strip().lower() in ("true", "1")
        assert str(fields["errorCode"]).strip() == "0"
        assert status == 200
