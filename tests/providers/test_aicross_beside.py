"""The AI CROSS adapter beside messages, without a socket: templates, short URLs, counts of a month."""

from __future__ import annotations

import json
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.provider import (
    Billed,
    Declined,
    Question,
    ShortUrl,
    Unreadable,
    Usage,
    VendorAnswer,
    VendorTemplate,
)
from tests.providers.aicross_tools import aicross, configured, ms
from tests.providers.bench import FORM
from tests.providers.test_aicross_fuzz import BODIES

T = TypeVar("T")
NOW = ms(2024, 3, 15, 3, 0, 0)
LONG = "https://shop.example.jp/sale?a=1&b=2+3#あ"
QUESTIONS = [aicross.templates, lambda: aicross.short_url(LONG, None, None), lambda: aicross.usage("2024-02", NOW)]


def answered(question: Question[T], body: object, status: int = 200) -> T | Declined | Unreadable:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return question.read(VendorAnswer(status, raw, "application/json"))


# What all three share


def test_the_capabilities_say_so() -> None:
    assert aicross.capabilities.templates
    assert aicross.capabilities.short_urls
    assert aicross.capabilities.usage
    assert not aicross.keeps_template("demo_sample_01"), "the gateway fills them in"
    assert aicross.balance() is None


@pytest.mark.parametrize("ask", QUESTIONS)
@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        (100, "Required clientId.", "Required clientId."),
        ("100", "Required longUrl.", "Required longUrl."),
        (110, "Invalid token.", "Invalid token."),
        (120, "longUrl too long.", "longUrl too long."),
        (500, "System error.", "System error."),
        (1, "Required clientId.", "Required clientId."),
        (999, None, ""),
        (-3, ["x"], ""),
        (777, "  a\x00\nb\u200b\t ", "ab"),
        (777, "\ud800", ""),
        (777, "x" * 500, "x" * 200),
    ],
)
def test_another_code_is_the_vendors_no(ask: Any, code: int | str, message: object, said: str) -> None:
    body = {"responseCode": code, "responseMessage": message, "count": 0, "templates": None, "shortUrl": None}
    assert answered(ask(), body) == Declined(str(code), said)


@pytest.mark.parametrize("ask", QUESTIONS)
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 200),
        (b"<html>", 200),
        (b"[]", 200),
        (b"{}", 200),
        (b'{"responseCode": null}', 200),
        (b'{"responseCode": true}', 200),
        (b'{"responseCode": 0}', 200),
        (b'{"responseCode": 0}', 503),
        (b'{"responseCode": 110, "responseMessage": "Invalid token."}', 401),
        (b'{"responseCode": 110, "responseMessage": "Invalid token."}', 429),
    ],
)
def test_what_cannot_be_read(ask: Any, body: bytes, status: int) -> None:
    assert isinstance(answered(ask(), body, status), Unreadable)


def test_a_spare_comma_is_passed_over() -> None:
    assert answered(aicross.templates(), b'{"responseCode": 0, "templates": [],\n}') == ()


@settings(deadline=None)
@given(
    BODIES | st.dictionaries(st.sampled_from(["101", "title", "shortUrl", "name"]), st.text() | st.integers()),
    st.sampled_from([200, 503]),
)
def test_no_answer_raises(body: bytes | dict[str, Any], status: int) -> None:
    if isinstance(body, dict):
        lists = {name: [body] for name in ("templates", "separatedSuccessCount")}
        body = json.dumps({"responseCode": 0} | body | lists).encode()
    for ask in QUESTIONS:
        msgspec.json.encode(ask().read(VendorAnswer(status, body)))


# Templates


def test_templates_are_asked_for() -> None:
    request = aicross.templates().request
    url = urlsplit(request.url)
    assert (request.method, request.body) == ("GET", b"")
    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://sms-api.aossms.com/p5/api/template.json"
    assert dict(parse_qsl(url.query)) == {"token": "tok-tok-tok", "clientId": "1234"}


def listed(*templates: object) -> dict[str, Any]:
    return {"responseCode": 0, "responseMessage": "Success.", "count": len(templates), "templates": templates}


def template(**fields: Any) -> tuple[VendorTemplate, ...]:
    """What is read of one template with these fields changed, None leaving one out."""
    entry = {"title": "t", "default_content": "{{demo%}}", "parameters": [{"parameter_name": "demo"}]} | fields
    read = answered(aicross.templates(), listed({name: value for name, value in entry.items() if value is not None}))
    assert isinstance(read, tuple)
    return read


def test_the_printed_sample() -> None:
    names = [{"parameter_name": "demo"}, {"parameter_name": "sample"}]
    body = listed(
        {"title": "demo_sample_01", "default_content": "demo_sample_01", "parameters": []},
        {"title": "demo_sample_02", "default_content": "{{demo%}}_{{sample%}}_02", "parameters": names},
    )
    assert answered(aicross.templates(), body) == (
        VendorTemplate("demo_sample_01", "demo_sample_01"),
        VendorTemplate(
            "demo_sample_02", "{{demo%}}_{{sample%}}_02", (("demo", "{{demo%}}"), ("sample", "{{sample%}}"))
        ),
    )


@pytest.mark.parametrize(
    ("text", "parameters", "names"),
    [
        ("{{demo%}}", None, ["demo"]),
        ("{{demo%}}", [], ["demo"]),
        ("{{demo%}}", {"parameter_name": "demo"}, ["demo"]),
        ("{{demo%}}", "demo", ["demo"]),
        ("{{demo%}}", [None], ["demo"]),
        ("{{demo%}}", [{"parameter_name": None}], ["demo"]),
        ("{{demo%}}", [{"parameter_name": " demo "}], ["demo"]),
        ("{{7%}}", [{"parameter_name": 7}], ["7"]),
        ("{{a%}}{{b%}}{{a%}}", [{"parameter_name": "b"}, {"parameter_name": "b"}], ["b", "a"]),
        ("{{お 名前%}}様", [{"parameter_name": "お 名前"}], ["お 名前"]),
        ("no hole", [{"parameter_name": "carrier"}], ["carrier"]),
        ("{{x}} {x%} {{%}} {{ %}} 100%}}", [], []),
        ("{{{a%}}}", [], ["a"]),
    ],
)
def test_holes_are_what_the_vendor_lists_and_what_looks_like_one(
    text: str, parameters: object, names: list[str]
) -> None:
    (read,) = template(default_content=text, parameters=parameters)
    assert read.content == text
    assert read.holes == tuple((name, f"{{{{{name}%}}}}") for name in names)
    assert all(hole in text for name, hole in read.holes if name != "carrier")


def test_white_space_in_a_hole_is_taken_out() -> None:
    (read,) = template(default_content="a {{ demo　%}} {{demo%}}\nb")
    assert read == VendorTemplate("t", "a {{demo%}} {{demo%}}\nb", (("demo", "{{demo%}}"),))


@pytest.mark.parametrize("title", ["", "  ", ["t"], True, {}, "\ud800"])
def test_without_a_title_it_cannot_be_named(title: object) -> None:
    assert template(title=title) == ()


@pytest.mark.parametrize("text", ["", 5, ["x"], "\ud83d", "caf\ufffd"])
def test_without_a_text_it_cannot_be_sent(text: object) -> None:
    assert template(default_content=text) == ()


def test_a_title_may_be_a_number_or_say_nothing_elsewhere() -> None:
    assert [template(title=title)[0].id for title in (999, "999", "null", "予約　確認")] == [
        "999",
        "999",
        "null",
        "予約　確認",
    ]


def test_of_two_of_one_title_the_first_counts() -> None:
    both = [{"title": "t", "default_content": text} for text in ("one", "two")]
    assert answered(aicross.templates(), listed(*both)) == (VendorTemplate("t", "one"),)


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({"templates": None, "count": 0}, 0),
        ({"templates": []}, 0),
        ({"templates": {"title": "t", "default_content": "x"}, "count": "1"}, 1),
        ({"responseCode": "0", "count": None, "templates": [{"title": "t", "default_content": "x"}]}, 1),
    ],
)
def test_other_shapes_of_the_list(changes: dict[str, Any], count: int) -> None:
    read = answered(aicross.templates(), listed() | changes)
    assert isinstance(read, tuple)
    assert len(read) == count


@pytest.mark.parametrize("templates", ["", "none", 0, False, ["x"], [[]], [None]])
def test_no_list_of_templates_is_unreadable(templates: object) -> None:
    assert isinstance(answered(aicross.templates(), listed() | {"templates": templates}), Unreadable)


# Short URLs


@pytest.mark.parametrize(
    ("name", "domain", "further"),
    [
        (None, None, {}),
        ("", "", {}),
        ("春のセール", None, {"name": "春のセール"}),
        ("n", "go.example.jp", {"name": "n", "domain": "go.example.jp"}),
    ],
)
def test_a_short_url_is_asked_for(name: str | None, domain: str | None, further: dict[str, str]) -> None:
    request = configured(base_url="https://vendor.test/").short_url(LONG, name, domain).request
    assert (request.method, request.url) == ("POST", "https://vendor.test/p1/api/shortenurl.json")
    assert dict(request.headers) == {"Content-Type": FORM}
    assert b"+" not in request.body
    fields = dict(parse_qsl(request.body.decode("ascii"), keep_blank_values=True, strict_parsing=True))
    assert fields == {"token": "tok-tok-tok", "clientId": "1234", "longUrl": LONG} | further


@pytest.mark.parametrize(
    ("asked", "said", "name"),
    [
        (None, "Shorturl-20240315120000123", "Shorturl-20240315120000123"),
        ("mine", "mine", "mine"),
        ("mine", "theirs", "theirs"),
        ("mine", None, "mine"),
        ("mine", ["x"], "mine"),
        ("mine", "x" * 257, "mine"),
        (None, None, ""),
        (None, 5, "5"),
        ("999", "999", "999"),
    ],
)
def test_a_short_url_and_its_name(asked: str | None, said: object, name: str) -> None:
    body = {"responseCode": 0, "responseMessage": "Success.", "shortUrl": " https://ai9.jp/iBJL10", "name": said}
    assert answered(aicross.short_url(LONG, asked, None), body) == ShortUrl("https://ai9.jp/iBJL10", name)


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "null",
        7,
        ["https://ai9.jp/a"],
        "ai9.jp/iBJL10",
        "ftp://ai9.jp/a",
        "javascript:alert(1)",
        "https://",
        "https:///a",
        "https://ai9.jp/a b",
        "https://ai9.jp/a\x00",
        "https://ai9.jp/" + "a" * 2048,
        "x https://ai9.jp/a",
    ],
)
def test_a_success_without_a_usable_url_is_unreadable(url: object) -> None:
    body = {"responseCode": 0, "responseMessage": "Success.", "shortUrl": url, "name": "n"}
    assert isinstance(answered(aicross.short_url(LONG, "n", None), body), Unreadable)


# Counts of a month


@pytest.mark.parametrize(("usage_client_id", "client"), [(None, "1234"), ("77", "77"), ("all", "all")])
def test_counts_are_asked_for(usage_client_id: str | None, client: str) -> None:
    request = configured(usage_client_id=usage_client_id).usage("2024-02", NOW).request
    url = urlsplit(request.url)
    assert (request.method, request.body) == ("GET", b"")
    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://sms-api.aossms.com/p5/api/separatedsuccesscount.json"
    assert dict(parse_qsl(url.query)) == {"token": "tok-tok-tok", "clientId": client, "month": "202402"}


def counted(counts: object) -> tuple[Billed, ...] | Declined | Unreadable:
    body = {"responseCode": 0, "responseMessage": "Success.", "separatedSuccessCount": counts}
    read = answered(aicross.usage("2024-02", NOW), body)
    return read.billed if isinstance(read, Usage) else read


def test_the_printed_counts() -> None:
    assert counted([{"clientId": 12345, "101": 1274094, "105": 1163321, "103": 1608969, "106": 258990}]) == (
        Billed(1274094, "au"),
        Billed(1608969, "docomo"),
        Billed(1163321, "softbank"),
        Billed(258990, "rakuten"),
    )


@pytest.mark.parametrize(
    ("counts", "billed"),
    [
        (None, ()),
        ([], ()),
        ([{}], ()),
        ([{"clientId": 1}], ()),
        ({"clientId": 1, "103": 5}, (Billed(5, "docomo"),)),
        (
            [{"clientId": "1", "103": " 5 "}, {"clientId": "2", "103": 7, "101": "1"}],
            (Billed(1, "au"), Billed(12, "docomo")),
        ),
        ([{"102": 3}], (Billed(3, "ymobile"),)),
        ([{"101": 0, "103": "0", "105": None}], ()),
        ([{"107": 2, "999": 3, "106": 1, "clientName": "x", "note": 9}], (Billed(1, "rakuten"), Billed(5, None))),
    ],
)
def test_counts_are_added_up_by_carrier(counts: object, billed: tuple[Billed, ...]) -> None:
    assert counted(counts) == billed


@pytest.mark.parametrize(
    "counts",
    ["", "none", 0, ["x"], [None], [{"101": "many"}], [{"101": -1}], [{"101": 1.5}], [{"101": True}], [{"101": [1]}]],
)
def test_counts_that_cannot_be_read(counts: object) -> None:
    assert isinstance(counted(counts), Unreadable)


@pytest.mark.parametrize(
    ("month", "now", "as_of"),
    [
        ("2024-03", (2024, 3, 15, 3, 0, 0), (2024, 3, 14, 15, 0, 0)),
        ("2024-03", (2024, 3, 14, 14, 59, 59, 999), (2024, 3, 13, 15, 0, 0)),
        ("2024-03", (2024, 3, 14, 15, 0, 0), (2024, 3, 14, 15, 0, 0)),
        ("2024-03", (2024, 2, 29, 15, 0, 0), (2024, 2, 29, 15, 0, 0)),
        ("2024-02", (2024, 2, 29, 15, 0, 0), (2024, 2, 29, 15, 0, 0)),
        ("2024-02", (2024, 6, 1, 0, 0, 0), (2024, 2, 29, 15, 0, 0)),
        ("2023-12", (2024, 6, 1, 0, 0, 0), (2023, 12, 31, 15, 0, 0)),
        ("2024-07", (2024, 6, 1, 0, 0, 0), (2024, 5, 31, 15, 0, 0)),
        ("9999-12", (2024, 6, 1, 0, 0, 0), (2024, 5, 31, 15, 0, 0)),
    ],
)
def test_until_when_is_counted(month: str, now: tuple[int, ...], as_of: tuple[int, ...]) -> None:
    read = answered(aicross.usage(month, ms(*now)), {"responseCode": 0, "separatedSuccessCount": None})
    assert read == Usage((), ms(*as_of))


def test_a_month_ends_on_the_configured_clock() -> None:
    question = configured(timezone="UTC").usage("2024-02", NOW)
    read = answered(question, {"responseCode": 0, "separatedSuccessCount": None})
    assert read == Usage((), ms(2024, 3, 1, 0, 0, 0))


def test_no_month_of_the_calendar_raises() -> None:
    for month in ("0000-01", "0000-12", "0001-01", "9999-12"):
        assert aicross.usage(month, NOW).request.url.endswith(month.replace("-", ""))
