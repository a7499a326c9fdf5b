"""What MediaSMS pushes of calls, as the adapter reads it: that a number's owner called in, or the code of a call."""

from __future__ import annotations

from urllib.parse import parse_qsl

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UnreadableCallback
from gateway.model.voice import Proof
from gateway.provider import Callback
from gateway.providers.mediasms import MediaSMS
from tests.providers.bench import FORM
from tests.providers.mediasms_tools import CALLED, IVR, LANDLINE, REFERENCE, call_push, calling, mediasms, pushed

NUMBER = "+819012345678"
ECHO = {
    "mobilecareer": "b",
    "mobilenumber": "09012345678",
    "smstitle": "Shop1",
    "smstextid": "",
    "smstext": "ご予約〜",
    "smstext2": "ご予約",
    "method": "4",
    "iphone": IVR,
    "holdingtime": "10",
    "repeatcall": "",
}
"""The IVR push as the document prints it: what the request had, no smsid and no status."""
OTHERS = ("mobilecareer", "smstitle", "smstextid", "smstext", "smstext2", "iphone", "holdingtime", "repeatcall")

CALLED_IN = Proof(method="call_in", number=NUMBER, texted=False)


def proved(kind: str = "ivr", **fields: str) -> tuple[Proof, ...]:
    return calling.proofs(call_push(kind, **fields))


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
@pytest.mark.parametrize("how", ["GET", "POST"])
@pytest.mark.parametrize("method", ["2", "4"])
def test_a_call_in_as_printed(method: str, how: str, encoding: str) -> None:
    push = call_push("ivr", how, encoding, **ECHO | {"method": method})
    assert calling.proofs(push) == (msgspec.structs.replace(CALLED_IN, texted=method == "2"),)
    assert calling.receipts(push) == ()


@pytest.mark.parametrize("name", OTHERS)
def test_what_else_is_echoed_is_not_read(name: str) -> None:
    without = {other: value for other, value in ECHO.items() if other != name}
    assert proved(**without) == proved(**ECHO | {name: "x" * 3000}) == (CALLED_IN,)
    twice = Callback(kind="ivr", query=tuple({**ECHO, name: "a"}.items()), body=f"{name}=b".encode())
    assert calling.proofs(twice) == (CALLED_IN,)


def test_other_parameters_are_not_read() -> None:
    assert proved(**ECHO | {"date": "2026-07-01", "result": "ok"}) == (CALLED_IN,)
    assert calling.proofs(Callback(kind="ivr", body=b"mobilenumber=09012345678&method=4&smstext=%FF%81")) == (
        CALLED_IN,
    )


ASCII = ["09012345678", "090-1234-5678", "+819012345678", "+81 90-1234-5678", "819012345678", " 09012345678 "]
WIDE = ["０９０１２３４５６７８", "０９０－１２３４－５６７８", "＋８１９０１２３４５６７８"]


@pytest.mark.parametrize("written", [*ASCII, *WIDE])
@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
@pytest.mark.parametrize("how", ["GET", "POST"])
def test_spellings_of_a_number(written: str, how: str, encoding: str) -> None:
    assert calling.proofs(call_push("ivr", how, encoding, mobilenumber=written, method="4")) == (CALLED_IN,)


def test_a_plus_that_became_a_blank() -> None:
    assert calling.proofs(Callback(kind="ivr", body=b"mobilenumber=+819012345678&method=4")) == (CALLED_IN,)


def test_landlines() -> None:
    assert proved(mobilenumber="03-1234-5678", method="4") == (Proof(method="call_in", number=LANDLINE, texted=False),)


@pytest.mark.parametrize("smsid", [CALLED, CALLED.upper(), f" {CALLED}"])
def test_an_smsid_that_is_echoed_is_told(smsid: str) -> None:
    assert proved(**ECHO, smsid=smsid) == (msgspec.structs.replace(CALLED_IN, reference=CALLED),)
    assert proved(smsid=smsid, method="4") == (Proof(method="call_in", reference=CALLED, texted=False),)
    assert proved(smsid=smsid, mobilenumber="x") == (Proof(method="call_in", reference=CALLED),)


@pytest.mark.parametrize("smsid", ["a1", REFERENCE, CALLED[:-2], CALLED + "x", "0", "番"])
def test_an_smsid_that_is_not_ours_is_told_too(smsid: str) -> None:
    """Whoever else uses the account had that call made: the number alone must not prove ours."""
    assert proved(**ECHO, smsid=smsid) == (msgspec.structs.replace(CALLED_IN, reference=smsid.lower()),)


@pytest.mark.parametrize(
    ("method", "code", "expected"),
    [
        ("", "", "call_in"),
        ("2", "", "call_in"),
        ("4", "", "call_in"),
        ("４", "", "call_in"),
        ("2", "1234", "call_in"),
        ("4", "1234", "call_in"),
        ("5", "", ""),
        ("5", "0123", "call_out"),
        ("", "0123", "call_out"),
        ("", "０１２３", "call_out"),
        ("5", "1" * 20, "call_out"),
    ],
)
def test_what_the_method_says(method: str, code: str, expected: str) -> None:
    found = proved(mobilenumber="09012345678", method=method, authcode=code)
    assert [proof.method for proof in found] == [expected] * bool(expected)
    if expected == "call_out":
        assert found[0].code == code.replace("０１２３", "0123"), "digits as they are read out, zeros and all"
    else:
        assert all(proof.code == "" for proof in found)


# A code among the results

CODE = {"smsid": CALLED, "mobilenumber": "09012345678", "method": "5", "authcode": "012345"}
TOLD = Proof(method="call_out", reference=CALLED, number=NUMBER, code="012345")


@pytest.mark.parametrize("how", ["GET", "POST"])
@pytest.mark.parametrize("status", ["1", "送信済", "14", ""])
def test_a_code_among_the_results(status: str, how: str) -> None:
    push = call_push("delivery", how, **CODE, status=status)
    assert calling.proofs(push) == (TOLD,)
    receipts = calling.receipts(push)
    assert receipts == ((pushed(status, CALLED),) if status else ())
    assert "012345" not in repr(receipts)
    assert "012345" not in repr(TOLD)


def test_a_code_needs_no_smsid() -> None:
    push = call_push("delivery", mobilenumber="09012345678", authcode="1", status="1")
    assert calling.proofs(push) == (Proof(method="call_out", number=NUMBER, code="1"),)
    assert calling.receipts(push) == ()


@pytest.mark.parametrize("method", ["", "1", "2", "4", "5", "6"])
@pytest.mark.parametrize("smsid", [CALLED, REFERENCE])
def test_a_result_without_a_code_proves_nothing(method: str, smsid: str) -> None:
    """The text that goes with a call (method 2) is reported on like any other."""
    push = call_push("delivery", **ECHO | {"method": method, "smsid": smsid, "status": "1", "authcode": ""})
    assert calling.proofs(push) == ()
    assert calling.receipts(push) == (pushed("1", smsid),)


@pytest.mark.parametrize("method", ["2", "4"])
def test_a_result_never_proves_a_call_in(method: str) -> None:
    assert calling.proofs(call_push("delivery", **CODE | {"method": method}, status="1")) == ()


def test_a_messages_result_is_one_whatever_comes_along() -> None:
    for code in ("1234", "x"):
        push = call_push("delivery", **CODE | {"smsid": REFERENCE, "authcode": code, "method": "7"}, status="1")
        assert calling.proofs(push) == ()
        assert calling.receipts(push) == (pushed("1"),)


# What is no such push

NOT_READABLE = [
    "",
    "method=4",
    "mobilenumber=&method=4",
    "mobilenumber=x&method=4",
    "mobilenumber=090123456&method=4",
    "mobilenumber=%00&method=4",
    "mobilenumber=" + "0" * 3000,
    "mobilenumber=09012345678&mobilenumber=09087654321&method=4",
    "mobilenumber=09012345678&method=4&method=5",
    f"mobilenumber=09012345678&method=4&smsid={CALLED}&smsid=a1",
    *(f"mobilenumber=09012345678&method={method}" for method in ("0", "1", "3", "6", "7", "24", "x", "4" * 3000)),
    "&a=1" * 200,
]
CODES = ["x", "-1", "12 34", "1" * 21, "%D9%A1%D9%A2"]
NO_CODES = [f"mobilenumber=09012345678&method=5&authcode={code}" for code in CODES]
NO_CODES += ["mobilenumber=09012345678&authcode=1&authcode=2", "authcode=1"]
NO_CODES += [f"mobilenumber=09012345678&method={method}&authcode=1" for method in ("1", "6", "7")]


@pytest.mark.parametrize("provider", [calling, mediasms])
@pytest.mark.parametrize("body", NOT_READABLE + NO_CODES)
def test_garbage_is_unreadable(body: str, provider: MediaSMS) -> None:
    query = tuple(parse_qsl(body, keep_blank_values=True, errors="surrogateescape"))
    for push in (Callback(kind="ivr", body=body.encode(), content_type=FORM), Callback(kind="ivr", query=query)):
        for read in (provider.proofs, provider.receipts):
            with pytest.raises(UnreadableCallback) as caught:
                read(push)
            assert "0901234" not in str(caught.value)


@pytest.mark.parametrize("body", NO_CODES)
def test_a_code_that_cannot_be_is_unreadable_among_the_results_too(body: str) -> None:
    with pytest.raises(UnreadableCallback):
        calling.proofs(Callback(kind="delivery", body=body.encode(), content_type=FORM))
    with pytest.raises(UnreadableCallback):
        calling.receipts(Callback(kind="delivery", body=body.encode(), content_type=FORM))


NAMES = st.sampled_from(["smsid", "mobilenumber", "method", "authcode", "status", "SMSID", "x"])
VALUES = st.sampled_from(
    [CALLED, REFERENCE, "09012345678", "+81 3 1234 5678", "2", "4", "5", "7", "0123", "", "送信済"]
)
PAIRS = st.lists(st.tuples(NAMES, VALUES | st.text(max_size=30)), max_size=6)
BODIES = st.binary(max_size=80) | PAIRS.map(
    lambda pairs: "&".join(f"{a}={b}" for a, b in pairs).encode("utf-8", "replace")
)


@given(st.sampled_from(["ivr", "delivery"]), PAIRS, BODIES)
def test_no_callback_raises_anything_else(kind: str, query: list[tuple[str, str]], body: bytes) -> None:
    push = Callback(kind=kind, query=tuple(query), body=body, content_type=FORM)
    try:
        found = calling.proofs(push)
    except UnreadableCallback:
        found = None
    try:
        receipts = calling.receipts(push)
    except UnreadableCallback:
        return
    assert found is not None or receipts, "what is refused is refused by both, but for results of messages"
    assert kind == "delivery" or receipts == ()
    for proof in found or ():
        assert proof.reference or proof.number
        assert (proof.method == "call_out") == bool(proof.code)
        assert kind == "ivr" or proof.method == "call_out"
