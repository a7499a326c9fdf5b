"""What the simulated MediaSMS says of a request is what the document says; and what the adapter sends is correct."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.values import Secret
from gateway.provider import Accepted, Busy, Refused
from gateway.providers.mediasms import MediaSMS
from gateway.sandbox.mediasms import TEMPLATES
from gateway.sandbox.mediasms_letter import CALLS, Account, oddities, refusal, shortened, shown
from tests.providers.bench import DELIVERED
from tests.providers.mediasms_tools import answered, configured, content, misfit, simulated

pytestmark = pytest.mark.anyio

# What is refused

FORBIDDEN = [
    {"mobilenumber": number} for number in ("+819012345678", "819012345678", "0312345678", "090123456789", "x")
]
FORBIDDEN += [{"mobilenumber": "05012345678"}, {"mobilenumber": None}, {"mobilenumber": "14155550123"}]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "200"),
        ({"mobilenumber": "02012345678", "mobilecareer": "4", "method": None}, "200"),
        ({"mobilenumber": "14155550123", "mobilecareer": "c"}, "200"),
        *(({"mobilecareer": career}, "200") for career in "1234"),
        *(({"mobilenumber": f"0{two}012345678"}, "200") for two in "6789"),
        ({"smstextid": "1", "smstext": None}, "200"),
        ({"smstextid": "20", "smstext": None, "status": "0"}, "200"),
        ({"smstext2": "あ" * 70}, "200"),
        ({"smstext2": "あ" + "a" * 138}, "200"),
        ({"smsid": "a" * 50, "smstitle": "Shop1"}, "200"),
        ({"status": None, "smsid": None}, "200"),
        ({"mobilecareer": "5"}, "560"),
        ({"mobilecareer": "a"}, "560"),
        ({"mobilecareer": "b"}, "560"),
        ({"method": "3"}, "561"),
        ({"holdingtime": "1000"}, "567"),
        ({"repeatcall": "100"}, "568"),
        *((fields, "550") for fields in FORBIDDEN),
        ({"mobilenumber": "1415555012", "mobilecareer": "c"}, "550"),
        ({"smstext": None}, "550"),
        ({"smstext": "①"}, "550"),
        ({"smstext": "😀"}, "550"),
        ({"smstextid": "1"}, "550"),
        ({"smstextid": "2", "smstext": None}, "550"),
        ({"smstextid": "1", "smstext": None, "smstext2": "hi"}, "550"),
        ({"smstext": None, "smstext2": "hi"}, "550"),
        ({"smstext2": "①"}, "550"),
        ({"smstext2": "a" * 141}, "550"),
        ({"iphone": "0312345678"}, "550"),
        ({"smstitle": "12345"}, "550"),
        ({"status": "2"}, "550"),
        ({"smsid": None}, "550"),
        ({"smsid": "a-1"}, "550"),
        ({"smsid": "a" * 51}, "550"),
        *(({"method": method}, "561") for method in ("0", "6", "7", "8", "10", "x")),
    ],
)
async def test_codes(fields: dict[str, str | None], code: str) -> None:
    async with simulated(delay=60, overseas=True) as bench:
        for method in ("POST", "GET"):
            assert await answered(bench, method, **fields) == code
        assert sum(map(len, bench.simulator.accepted.values())) == 2 * (code == "200")
        again = code == "200" and fields.get("smsid", "a1")
        assert bench.simulator.violations == (["smsid is not unique"] if again else [])


@pytest.mark.parametrize(
    ("options", "fields", "code"),
    [
        ({}, {"mobilenumber": "14155550123", "mobilecareer": "c"}, "560"),
        ({"titles": False}, {"smstitle": "Shop1"}, "617"),
        ({"titles": False}, {}, "200"),
        ({"templates": {"7"}}, {"smstextid": "7", "smstext": None}, "200"),
        ({"templates": {"7"}}, {"smstextid": "1", "smstext": None}, "550"),
        ({"long_text": True}, {"smstext2": "あ" * 670}, "200"),
        ({"long_text": True}, {"smstext2": "a" * 671}, "550"),
        ({"registered": False}, {}, "557"),
    ],
)
async def test_what_was_agreed_on(options: dict[str, Any], fields: dict[str, str | None], code: str) -> None:
    async with simulated(delay=60, **options) as bench:
        assert await answered(bench, **fields) == code
        assert len(bench.simulator.accepted) == (code == "200")


async def test_long_requests_titles_and_other_places() -> None:
    async with simulated(titles=False) as bench:
        assert await answered(bench, "GET", smstext="a" * 9000) == "414"
        assert await answered(bench, smstext="a" * 9000) == "200"
        assert bench.simulator.accepted["a1"][0].text == "a" * 140
        assert await answered(bench, smstitle="Shop1") == "617"
        assert await answered(bench, smstext="a" * 140) == "200"
        assert bench.simulator.violations == ["smstext is cut off", "smsid is not unique"]
        for method, url in (("PUT", bench.simulator.base_url), ("POST", bench.simulator.base_url + "x")):
            assert (await bench.client.request(method, url)).status_code == 404


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"mobilenumber=09012345678&smstext=%82%A0", "application/x-www-form-urlencoded", "550"),
        (b"mobilenumber=09012345678&smstext=hello", "text/plain", "550"),
        (b'{"mobilenumber": "09012345678", "smstext": "hello"}', "application/json", "550"),
        (b"mobilenumber=09012345678&smstext=hello", "application/x-www-form-urlencoded; charset=UTF-8", "200"),
    ],
)
async def test_a_request_is_a_form_in_utf_8(body: bytes, kind: str, code: str) -> None:
    async with simulated() as bench:
        headers = {"content-type": kind, "authorization": dict(bench.adapter._headers)["Authorization"]}
        answer = await bench.client.post(bench.simulator.base_url, content=body, headers=headers)
        assert answer.text == code


@pytest.mark.parametrize("statuses", [False, True])
async def test_ten_failed_logins_block_the_address(statuses: bool) -> None:
    async with simulated(statuses=statuses) as bench:
        right, wrong = bench.adapter, configured(base_url=bench.simulator.base_url, password=Secret("wrong"))

        async def reasons(adapter: MediaSMS, times: int) -> set[str]:
            bench.adapter = adapter
            outcomes = [await bench.send(DELIVERED) for _ in range(times)]
            return {outcome.provider_code for outcome in outcomes if isinstance(outcome, Refused)}

        assert await reasons(wrong, 9) == {"401"}
        assert await reasons(right, 1) == set()
        assert await reasons(wrong, 10) == {"401"}
        assert await reasons(right, 1) == await reasons(wrong, 1) == {"555"}
        bench.simulator.failed_logins = 0
        assert await reasons(right, 1) == set()
        assert bench.simulator.requests == {"a1": 2}


@pytest.mark.parametrize("statuses", [False, True])
async def test_eighty_requests_a_second(statuses: bool) -> None:
    now = [0.0]
    async with simulated(statuses=statuses, delay=60, clock=lambda: now[-1]) as bench:
        outcomes = await asyncio.gather(*(bench.send(DELIVERED, reference=f"a{n}") for n in range(100)))
        assert outcomes.count(Accepted("200")) == 80
        assert outcomes.count(Busy("503")) == 20
        now.append(1.0)
        assert await bench.send(DELIVERED) == Accepted("200")
        assert sum(map(len, bench.simulator.accepted.values())) == 81


@pytest.mark.parametrize(
    ("text", "long", "au", "sent"),
    [
        ("a" * 141, False, False, "a" * 140),
        ("あ" * 71, False, False, "あ" * 70),
        ("あ" + "a" * 70, False, False, "あ" + "a" * 69),
        ("あ" + "a" * 139, False, True, "あ" + "a" * 138),
        ("a" * 139 + "\n", False, False, "a" * 139 + "\r"),
        ("あ" * 671, True, False, "あ" * 670),
    ],
)
def test_what_is_too_long_is_cut_off(text: str, long: bool, au: bool, sent: str) -> None:
    assert shortened(text, long=long, au=au) == sent


# What is answered 200 and still not as the document has it

PLAIN = Account(long_text=False, overseas=False, titles=True, templates=TEMPLATES)
RIGHT = "mobilenumber=09012345678&smstext=hello&status=1&smsid=a1&method=1"


@pytest.mark.parametrize(
    ("encoded", "found"),
    [
        ("", []),
        ("&smstitle=Shop1&mobilecareer=3&smstext2=hi", []),
        ("&sendtime=1", ["'sendtime' is not in the document"]),
        ("&smsText=hi", ["'smsText' is not in the document"]),
        ("&method=1", ["a parameter twice"]),
        ("&mobilecareer=", ["mobilecareer is empty"]),
        ("&iphone=05012345678&holdingtime=5&repeatcall=5", [f"{x} is for calls" for x in CALLS]),
        ("&iphone=", ["iphone is empty"]),
    ],
)
async def test_oddities(encoded: str, found: list[str]) -> None:
    async with simulated(delay=60) as bench:
        headers = dict(bench.adapter._headers)
        answer = await bench.client.post(bench.simulator.base_url, content=RIGHT + encoded, headers=headers)
        assert (answer.text, bench.simulator.violations) == ("200", found)


def test_what_au_shows() -> None:
    both = {"smstext": "text", "smstext2": "for\nau"}
    lengthy = PLAIN._replace(long_text=True)
    assert shown(both | {"mobilecareer": "3"}, lengthy) == "for\r\nau"
    assert shown(both, lengthy) == shown(both | {"mobilecareer": "3"}, PLAIN) == "text"
    assert shown({"smstextid": "1"}, PLAIN) == ""


# What the adapter sends is correct

TO = st.sampled_from(["+819012345678", "+812012345678", "+816012345678", "+14155550123", "+6591234567", "+81312345678"])
TEXT = st.text(st.sampled_from("aｱあ\n①😀"), max_size=20) | st.sampled_from(
    [each * times for each in ("a", "あ", "ｱ", "a\n") for times in (46, 70, 71, 140, 141, 335, 670, 671)]
)
CARRIER = st.sampled_from([None, "docomo", "au", "softbank", "rakuten", "ymobile"])
SENDER = st.none() | st.text(st.sampled_from("aB7-店"), min_size=1, max_size=12)


@given(
    TO, TEXT.filter(len), st.none() | TEXT.filter(len), st.none() | st.sampled_from(["1", "20", "x"]), CARRIER, SENDER
)
def test_what_the_adapter_sends_is_correct(
    to: str, text: str, text_au: str | None, template: str | None, carrier: str | None, sender: str | None
) -> None:
    """Under each account, for each message that fits: neither refused nor odd, and shown as it was written."""
    if template:
        text = ""
    asked = content(to=to, text=text, text_au=text_au, template=template, carrier=carrier, sender=sender)
    for (long_text, overseas), adapter in ADAPTERS.items():
        if misfit(asked, adapter) is None:
            body = adapter.send_request(asked, "a1").body.decode()
            pairs = parse_qsl(body, keep_blank_values=True, strict_parsing=True)
            account = Account(long_text, overseas, titles=True, templates=TEMPLATES)
            assert refusal(dict(pairs), account) == ""
            assert list(oddities(pairs, account)) == []
            for_au = text_au if long_text and dict(pairs).get("mobilecareer") == "3" else None
            assert shown(dict(pairs), account) == (for_au or text).replace("\n", "\r\n")


ADAPTERS = {
    (each, other): configured(long_text=each, overseas=other) for each in (False, True) for other in (False, True)
}


@given(TEXT, st.booleans(), st.sampled_from([None, "au"]))
def test_both_call_the_same_too_long(text: str, lengthy: bool, carrier: str | None) -> None:
    asked = content(text=text, carrier=carrier)
    found = ADAPTERS[lengthy, False].misfit(asked)
    if found is None or found.code == "too_long":
        whole = text.replace("\n", "\r\n")
        assert (shortened(text, long=lengthy, au=carrier == "au") == whole) == (found is None)
