"""Results that MediaSMS pushes, as the adapter reads them, and what becomes of a message by them."""

from __future__ import annotations

from typing import Literal
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UnreadableCallback
from gateway.model import lifecycle
from gateway.model.message import Phase, State, Status
from gateway.model.outcome import Guarantee
from gateway.model.policy import Policy
from gateway.model.reasons import Reason
from gateway.provider import Callback
from gateway.providers.mediasms import codes
from tests.providers.bench import FORM
from tests.providers.mediasms_tools import REFERENCE, mediasms, pushed

WORDS = {
    "1": "送信済",
    "0": "失敗",
    "2": "送信中",
    "6": "未処理",
    "30": "送信前",
    "33": "無効",
    "14": "処理中",
    "18": "ドコモ圏外・OFF",
    "19": "ドコモ自 NW 障害",
    "20": "ドコモ他 NW 障害",
    "10": "au 圏外・ OFF",
    "11": "au 自 NW 障害",
}
"""As the document prints them."""
OUTCOMES = {
    "1": ("delivered", None, None),
    "0": ("undelivered", Reason.CARRIER_FAULT, None),
    "10": ("undelivered", Reason.HANDSET_UNREACHABLE, "au"),
    "11": ("undelivered", Reason.CARRIER_FAULT, "au"),
    "18": ("undelivered", Reason.HANDSET_UNREACHABLE, "docomo"),
    "19": ("undelivered", Reason.CARRIER_FAULT, "docomo"),
    "20": ("undelivered", Reason.HANDSET_REFUSED, None),
    **dict.fromkeys(("2", "6", "14", "30", "33"), (None, None, None)),
}
FAILURES = [number for number, (outcome, _, _) in OUTCOMES.items() if outcome == "undelivered"]
ECHO = {
    "mobilecareer": "3",
    "mobilenumber": "09012345678",
    "smstitle": "Shop1",
    "smstextid": "",
    "smstext": "ご予約〜",
    "smstext2": "ご予約",
    "method": "1",
    "iphone": "",
    "holdingtime": "",
    "repeatcall": "",
}
"""The other parameters of a push: what the request had."""


def carried(how: str, fields: dict[str, str], encoding: str) -> Callback:
    """One push, the query as the gateway's server hands it on."""
    encoded = urlencode(fields, encoding=encoding)
    if how == "POST":
        return Callback(kind="delivery", body=encoded.encode(), content_type=FORM)
    return Callback(kind="delivery", query=tuple(parse_qsl(encoded, keep_blank_values=True, errors="surrogateescape")))


def test_the_documents_results_are_known_and_no_others() -> None:
    assert OUTCOMES.keys() == WORDS.keys() == codes.RESULTS.keys()


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
@pytest.mark.parametrize("how", ["GET", "POST"])
@pytest.mark.parametrize("written", ["number", "word"])
@pytest.mark.parametrize("number", OUTCOMES)
def test_every_result(number: str, written: Literal["number", "word"], how: str, encoding: str) -> None:
    fields = ECHO | {"status": number if written == "number" else WORDS[number], "smsid": REFERENCE}
    (receipt,) = mediasms.receipts(carried(how, fields, encoding))
    assert (receipt.outcome, receipt.reason, receipt.carrier) == OUTCOMES[number]
    assert (receipt.reference, receipt.provider_code) == (REFERENCE, number)
    assert receipt.detail
    assert (receipt.billed, receipt.reported_at) == (None, None)
    assert receipt == pushed(number), "the same push, however it comes"


@pytest.mark.parametrize("number", OUTCOMES)
def test_spellings_of_a_result(number: str) -> None:
    word = WORDS[number]
    spaced, narrow = word.replace("圏外", " 圏外 "), word.replace("・", "･")
    bare, wide = word.replace(" ", ""), word.replace("OFF", "ＯＦＦ").replace("NW", "ＮＷ")
    for status in (spaced, narrow, bare, wide, word.lower(), f" {number}", f"0{number}"):
        assert pushed(status) == pushed(number)


@pytest.mark.parametrize(
    ("status", "code"), [("99", "99"), ("配信待ち", "配信待ち"), ("x" * 60, "x" * 40), ("-1", "-1"), ("3", "3")]
)
@pytest.mark.parametrize("how", ["GET", "POST"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_an_unlisted_status_says_nothing(status: str, code: str, how: str, encoding: str) -> None:
    (receipt,) = mediasms.receipts(carried(how, ECHO | {"smsid": REFERENCE, "status": status}, encoding))
    assert (receipt.outcome, receipt.reason, receipt.provider_code) == (None, None, code)
    assert "no document" in receipt.detail
    assert receipt == pushed(status)


def test_identity_is_of_message_and_status() -> None:
    assert pushed("18", smstext="a").identity == pushed("18", REFERENCE.upper(), smstext="b").identity
    assert len({pushed(s, i).identity for s in ("18", "10", "1", "99", "新") for i in ("a1", "a2")}) == 10


def test_undecodable_texts_do_not_matter() -> None:
    body = f"smstext=%FF%81&smsid={REFERENCE}&status=1&authcode=1234".encode()
    assert mediasms.receipts(Callback(kind="delivery", body=body)) == (pushed("1"),)


# What becomes of a message

NOW = 1_800_000_000_000
HOUR = 3_600_000
POLICY = Policy(
    guarantee=Guarantee.BLIND,
    reports=True,
    queryable=False,
    settle_after=HOUR // 4,
    no_news_after=72 * HOUR,
    reconcile_after=HOUR // 2,
)
SUBMITTED = State(
    status=Status.SUBMITTED,
    phase=Phase.RESTING,
    provider="media",
    client="shop",
    due=NOW + 72 * HOUR,
    expires_at=NOW + HOUR,
    created_at=NOW,
    updated_at=NOW,
    answered_at=NOW,
)


def after(*statuses: str, state: State = SUBMITTED) -> State:
    """The message after these pushes."""
    for status in statuses:
        change = lifecycle.receipt(state, 1, pushed(status), NOW, POLICY)
        state = change.state if change else state
    return state


@pytest.mark.parametrize("number", FAILURES)
def test_a_failure_is_revised_by_success_and_success_by_nothing(number: str) -> None:
    """The vendor tries again by itself."""
    failed = after(number)
    assert (failed.status, failed.reason, failed.final_at) == (Status.UNDELIVERED, OUTCOMES[number][1], 0)
    assert after(number, "14").status is Status.UNDELIVERED, "on its way again: no outcome yet"
    for history in ((number, "1"), (number, "14", "1"), (number, "1", number), ("1", number), ("1", "14")):
        assert (after(*history).status, after(*history).reason) == (Status.DELIVERED, "")


@pytest.mark.parametrize("number", FAILURES)
def test_a_failure_is_revised_by_another(number: str) -> None:
    for other in FAILURES:
        assert after(other, number).reason == OUTCOMES[number][1]
        assert after(other, number).reason_code == number


@pytest.mark.parametrize("status", ["2", "6", "30", "33", "14", "99", "配信待ち"])
def test_what_says_nothing_of_the_outcome_ends_no_message(status: str) -> None:
    """2, 6, 30 and 33 are never pushed by the document, and believed for nothing where they are."""
    assert (after(status).status, after(status).reason, after(status).final_at) == (Status.SUBMITTED, "", 0)


def test_without_news_a_message_becomes_final() -> None:
    change = lifecycle.wake(after("14"), NOW + 72 * HOUR, POLICY)
    assert change not in (None, "ask")
    assert isinstance(change, lifecycle.Change)
    assert (change.state.status, change.state.reason) == (Status.SUBMITTED, Reason.NO_ANSWER)
    assert change.state.final_at


# Garbage

GARBAGE = [b"", b"{}", b"status=1", b"smsid=a", b"smsid=&status=1", b"smsid=a&status=+", b"smsid=a&smsid=b&status=1"]
GARBAGE += [b"smsid=a&status=1&status=18", b"smsid=%00&status=1", b"smsid=a&status=" + b"1" * 300, b"&a=1" * 200]


@pytest.mark.parametrize("body", GARBAGE)
def test_garbage_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableCallback):
        mediasms.receipts(Callback(kind="delivery", body=body, content_type=FORM))


PAIRS = st.sampled_from([b"smsid=", b"status=", b"a1", b"18", b"&", b"%", b"%91%97", b"=", b";", b"+", b"\xef\xbb\xbf"])


@given(st.binary(max_size=60) | st.lists(PAIRS, max_size=12).map(b"".join), st.lists(st.tuples(st.text(), st.text())))
def test_no_callback_raises_anything_else(body: bytes, query: list[tuple[str, str]]) -> None:
    named = (*query, ("smsid", "a1"), ("status", query[0][1])) if query else ()
    try:
        (receipt,) = mediasms.receipts(Callback(kind="delivery", body=body, query=named))
    except UnreadableCallback:
        return
    assert len(receipt.provider_code) <= 40
