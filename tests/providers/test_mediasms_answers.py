"""Answers of MediaSMS, as the adapter reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.reasons import Reason
from gateway.provider import Accepted, Busy, Refused, Unreadable
from gateway.providers.mediasms import codes
from tests.providers.mediasms_tools import sent

HEAD, FOOT = "<html><head><title>x</title></head>", "</html>"
WRAPPED = [
    "{}",
    " {}\r\n",
    "\ufeff{}",
    f"{HEAD}<body>{{}}</body>{FOOT}",
    "<!DOCTYPE html>\n<p class='a'>\n{}</p><!-- b -->",
]
REFUSALS = {
    "401": (Reason.AUTHENTICATION_FAILED, "account"),
    "402": (Reason.QUOTA_EXCEEDED, "account"),
    "414": (Reason.TOO_LONG, "message"),
    "550": (Reason.PROVIDER_ERROR, "vendor"),
    "555": (Reason.SOURCE_ADDRESS_REFUSED, "account"),
    "557": (Reason.SOURCE_ADDRESS_REFUSED, "account"),
    **dict.fromkeys(("556", "560", "561", "567", "568"), (Reason.PROVIDER_ERROR, "vendor")),
    **dict.fromkeys(("615", "616", "617"), (Reason.SENDER_NOT_ALLOWED, "account")),
}


def answers(code: str) -> list[str]:
    """A code as text, in a page, in JSON."""
    jsons = [f'{{"result":"{code}"}}', f'{{ "result" : {code}, "more": [] }}']
    return [wrapping.replace("{}", code) for wrapping in WRAPPED] + jsons


def test_accepted() -> None:
    assert {sent(body) for body in answers("200")} == {Accepted("200")}


def test_every_code_of_the_document_is_read() -> None:
    assert {codes.SUCCESS, codes.OVER_RATE, *codes.REFUSALS} == {"200", "503", *REFUSALS}


@pytest.mark.parametrize("code", REFUSALS)
def test_refused(code: str) -> None:
    """Whether the HTTP status says it too, or alone, or not."""
    for outcome in [*map(sent, answers(code)), *(sent(body, int(code)) for body in ["", " \n", *answers(code)])]:
        assert isinstance(outcome, Refused)
        assert (outcome.reason, outcome.about) == REFUSALS[code]
        assert outcome.provider_code == code
        assert outcome.detail


def test_over_the_rate_nothing_was_taken() -> None:
    bodies = answers("503")
    assert {sent(body) for body in bodies} == {sent(body, 503) for body in ["", *bodies]} == {Busy("503")}


@pytest.mark.parametrize("code", ["400", "403", "500", "551", "554", "558", "562", "614", "618", "000", "201"])
def test_a_code_in_no_document_is_a_lost_answer(code: str) -> None:
    """The document says that there are more than it lists."""
    for body in answers(code):
        assert isinstance(sent(body), Unreadable)
        assert isinstance(sent(body, int(code) or 500), Unreadable)


WORDS = ["", " ", "200 OK", "0200", "２００", "999", '["200"]', '{"result":"200"', '{"result":""}', '{"result":null}']
TWICE = ['{"result":"200","result":"550"}', "<p>200</p><p>200</p>", "<p>" * 2000 + "200"]
PAGES = ["<html></html>", "<form>200</form>", "<script>200</script>", "<title>200</title>", '{"code":"200"}']
ELSE = [*((200, body) for body in [*WORDS, *TWICE, *PAGES]), *((500, body) for body in ("", "200", "500"))]
ELSE += [(201, "200"), (201, ""), (302, ""), (401, "200"), (401, "550"), (401, "<h1>401 Unauthorized</h1>")]
ELSE += [(503, "200"), (503, "<html></html>"), (503, "<html><body><h1>503 Service Unavailable</h1></body></html>")]


@pytest.mark.parametrize(("status", "body"), ELSE)
def test_anything_else_is_a_lost_answer(status: int, body: str) -> None:
    outcome = sent(body, status)
    assert isinstance(outcome, Unreadable)
    assert outcome.login_refused == (status == 401), "whoever said it: a failed login is counted"


SAID = st.sampled_from([b"200", b"503", b"<html>", b"</p>", b'{"result":', b"}", b'"', b"<!--", b"-->", b"[", b"\xff"])


@given(st.binary(max_size=60) | st.lists(SAID, max_size=12).map(b"".join), st.integers(100, 599))
def test_no_answer_raises(body: bytes, status: int) -> None:
    outcome = sent(body, status)
    assert isinstance(outcome, Accepted | Busy | Refused | Unreadable)
    if isinstance(outcome, Accepted):
        assert status == 200
        assert b"200" in body
