"""Calls by which MediaSMS verifies a number: what the adapter declares, which calls fit, requests, their answers."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.ids import new_id
from gateway.model.reasons import Reason
from gateway.model.verification import reference
from gateway.model.voice import Call
from gateway.provider import Refused
from gateway.providers.mediasms import TYPE, MediaSMS
from gateway.sandbox.mediasms_letter import Account, oddities, refusal, shown
from tests.providers.mediasms_tools import (
    CALLED,
    IVR,
    LANDLINE,
    call_form,
    call_in,
    call_out,
    calling,
    configured,
    content,
    mediasms,
    sent,
)

MOBILE = "+819012345678"
LENGTHY = configured(ivr_number=IVR, long_text=True)

# Declarations


def test_an_account_with_a_number_for_calls_verifies() -> None:
    assert TYPE.capabilities.verification == calling.capabilities.verification == {"call_in", "call_out"}
    assert calling.capabilities == TYPE.capabilities
    assert calling.call_number == IVR
    assert calling.callback_kinds == {"delivery", "ivr"}


def test_one_without_does_not() -> None:
    assert mediasms.capabilities.verification == frozenset()
    assert mediasms.call_number == ""
    for call in (call_in(), call_out()):
        found = mediasms.call_misfit(call)
        assert found
        assert (found.code, found.pointer) == ("unsupported", "")
        assert "ivr_number" in found.detail
        assert calling.call_misfit(call) is None


# Which calls fit

MOBILES = ["+819012345678", "+818012345678", "+817012345678", "+816012345678", "+812012345678"]
NO_MOBILES = [LANDLINE, "+81612345678", "+815012345678", "+81120123456"]
NOBODYS = ["+14155550123", "+821012345678", "+812001234567890", "+8190123456789", "+81012345678"]


@pytest.mark.parametrize("asked", [call_in, call_out])
@pytest.mark.parametrize(
    ("lines", "numbers"), [("mobile", MOBILES), ("landline", NO_MOBILES), ("any", [*MOBILES, *NO_MOBILES])]
)
def test_which_numbers_fit(asked: Callable[..., Call], lines: str, numbers: list[str]) -> None:
    for number in (*MOBILES, *NO_MOBILES, *NOBODYS):
        found = calling.call_misfit(asked(number=number, lines=lines))
        assert (found is None) == (number in numbers)
        if found:
            assert (found.code, found.pointer) == (Reason.INVALID_NUMBER, "/number")
            assert lines in found.detail
            assert number[3:] not in found.detail


def test_numbers_abroad_are_not_called() -> None:
    abroad = configured(ivr_number=IVR, overseas=True)
    assert abroad.call_misfit(call_in("+14155550123", lines="any"))


@pytest.mark.parametrize("number", NO_MOBILES)
@pytest.mark.parametrize("lines", ["landline", "any"])
def test_a_text_goes_to_mobiles_only(number: str, lines: str) -> None:
    found = calling.call_misfit(call_in(number, lines=lines, text="hi"))
    assert found
    assert (found.code, found.pointer) == ("unsupported", "/text")
    assert calling.call_misfit(call_in(number, lines=lines)) is None


@pytest.mark.parametrize("lines", ["mobile", "any"])
@pytest.mark.parametrize(
    ("provider", "text", "code"),
    [
        (calling, "a" * 140, None),
        (calling, "あ" * 70, None),
        (calling, "a" * 141, "too_long"),
        (calling, "あ" * 71, "too_long"),
        (calling, "①", "content_refused"),
        (calling, "😀", "content_refused"),
        (LENGTHY, "あ" * 670, None),
        (LENGTHY, "あ" * 671, "too_long"),
    ],
)
def test_a_text_is_limited_like_a_messages(provider: MediaSMS, text: str, code: str | None, lines: str) -> None:
    found, of_message = provider.call_misfit(call_in(text=text, lines=lines)), provider.misfit(content(text=text))
    assert found == of_message
    assert (found.code if found else None) == code
    if found:
        assert found.pointer == "/text"


# Requests

ALWAYS = {"status": "1", "smsid": CALLED, "iphone": IVR, "holdingtime": "10"}


@pytest.mark.parametrize(
    ("call", "fields"),
    [
        (call_in(), {"mobilenumber": "09012345678", "method": "4"}),
        (call_in(lines="any"), {"mobilenumber": "09012345678", "method": "4", "mobilecareer": "b"}),
        (call_in(LANDLINE, lines="any"), {"mobilenumber": "0312345678", "method": "4", "mobilecareer": "b"}),
        (call_in(LANDLINE, lines="landline"), {"mobilenumber": "0312345678", "method": "4", "mobilecareer": "a"}),
        (call_in(text="1+1 あ\n"), {"mobilenumber": "09012345678", "method": "2", "smstext": "1+1 あ\n"}),
        (
            call_in(text="hi", lines="any"),
            {"mobilenumber": "09012345678", "method": "2", "smstext": "hi", "mobilecareer": "b"},
        ),
        (call_out(), {"mobilenumber": "09012345678", "method": "5", "repeatcall": "5"}),
        (
            call_out(LANDLINE, lines="landline", rings=99),
            {"mobilenumber": "0312345678", "method": "5", "repeatcall": "99", "mobilecareer": "a"},
        ),
    ],
)
def test_a_call_is_a_form_like_a_message(call: Call, fields: dict[str, str]) -> None:
    assert call_form(call) == ALWAYS | fields
    request, of_message = calling.call_request(call, CALLED), calling.send_request(content(), CALLED)
    assert (request.method, request.url, request.headers) == (of_message.method, of_message.url, of_message.headers)
    assert b"+" not in request.body


@pytest.mark.parametrize("minutes", [1, 999])
def test_the_minutes_are_the_holding_time(minutes: int) -> None:
    for call in (call_in(minutes=minutes), call_in(text="hi", minutes=minutes), call_out(minutes=minutes)):
        assert call_form(call)["holdingtime"] == str(minutes)


def test_every_reference_is_an_smsid() -> None:
    for round_ in (1, 999_999_999):
        assert re.fullmatch("[A-Za-z0-9]{1,50}", reference(new_id("00", 1_800_000_000_000), round_))


TEXT = st.text(st.sampled_from("aｱあ\n①"), max_size=20) | st.sampled_from(["a" * 140, "a" * 141, "あ" * 71, "あ" * 670])
CALLS_IN = st.builds(
    call_in, st.sampled_from([*MOBILES, *NO_MOBILES, *NOBODYS]), lines=st.sampled_from(["mobile", "landline", "any"]),
    minutes=st.integers(1, 999), text=TEXT,
)  # fmt: skip
CALLS_OUT = st.builds(
    call_out, st.sampled_from([*MOBILES, *NO_MOBILES, *NOBODYS]), lines=st.sampled_from(["mobile", "landline", "any"]),
    minutes=st.integers(1, 999), rings=st.integers(1, 99),
)  # fmt: skip


@given(CALLS_IN | CALLS_OUT, st.sampled_from([calling, LENGTHY]))
def test_what_is_asked_for_is_correct(call: Call, provider: MediaSMS) -> None:
    """Each call that fits is neither refused nor odd by the letter, and its text is shown as it was written."""
    if provider.call_misfit(call) is None:
        asked = call_form(call, provider)
        account = Account(provider is LENGTHY, False, titles=True, templates=(), ivr_number=IVR)
        assert refusal(asked, account) == ""
        assert list(oddities(tuple(asked.items()), account)) == []
        assert shown(asked, account) == call.text.replace("\n", "\r\n")


# Answers


@pytest.mark.parametrize("code", ["550", "556", "560", "561", "567", "568"])
def test_a_refused_call_is_nobodys_fault_but_the_vendors(code: str) -> None:
    """The number and the text are not to blame: the gateway fills in what these are about."""
    outcome = sent(code)
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.about, outcome.provider_code) == (Reason.PROVIDER_ERROR, "vendor", code)
    assert outcome.detail.startswith("the vendor ")
