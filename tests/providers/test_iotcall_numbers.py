"""The numbers of a rule at iotcall: what a caller writes, what the vendor keeps, and what it is read as."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType

from gateway.model.phone import InvalidNumber, country, parse_any
from gateway.provider import Declined, Entry, Misfit, Unreadable
from gateway.providers.iotcall.codes import COUNTRIES
from gateway.sandbox.iotcall_letter import COUNTRIES as PRINTED
from tests.providers.iotcall_tools import answer, iotcall

DOCUMENT = """
1 日本 +81; 2 アメリカ(本土) +1; 3 アルゼンチン +54; 4 イギリス +44; 5 イタリア +39; 6 インド +91; 7 インドネシア +62;
8 エジプト +20; 9 オーストラリア/ココス/クリスマス島 +61; 10 オランダ +31; 11 カナダ +1; 12 韓国 +82; 13 ギリシア +30;
14 グアム +1; 15 コロンビア +57; 16 サウジアラビア +966; 17 シンガポール +65; 18 スイス +41; 19 スウェーデン +46;
20 スペイン +34
"""
"""The list as it is printed, in its order."""
NAMES = {
    "日本": "JP",
    "アメリカ(本土)": "US",
    "アルゼンチン": "AR",
    "イギリス": "GB",
    "イタリア": "IT",
    "インド": "IN",
    "インドネシア": "ID",
    "エジプト": "EG",
    "オーストラリア/ココス/クリスマス島": "AU",
    "オランダ": "NL",
    "カナダ": "CA",
    "韓国": "KR",
    "ギリシア": "GR",
    "グアム": "GU",
    "コロンビア": "CO",
    "サウジアラビア": "SA",
    "シンガポール": "SG",
    "スイス": "CH",
    "スウェーデン": "SE",
    "スペイン": "ES",
}
ROWS = [row.split() for row in DOCUMENT.replace("\n", " ").split(";")]
KINDS = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)


def example(region: str, kind: int) -> str:
    found = phonenumbers.example_number_for_type(region, kind)
    assert found
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def refused(found: Entry | Misfit) -> tuple[str, str]:
    assert isinstance(found, Misfit), found
    assert found.detail
    return found.code, found.pointer


def tel(each: Entry) -> tuple[str, str]:
    """`tel` and `international_prefix_id` as they are sent."""
    form = dict(parse_qsl(iotcall.replace_numbers("fire", (each,)).request.body.decode()))
    return form["call_to_tels[0][tel]"], form["call_to_tels[0][international_prefix_id]"]


def listed(*entries: dict[str, Any], **more: Any) -> object:
    return iotcall.numbers("fire").read(answer({"status": "ok", "list": entries} | more))


# What a caller writes


@pytest.mark.parametrize(("place", "name", "code"), ROWS)
def test_the_countries_of_the_list(place: str, name: str, code: str) -> None:
    """Each is known by ISO 3166, by its place, and by a number's own country code."""
    region = NAMES[name]
    assert COUNTRIES[int(place)] == region
    assert PRINTED[int(place)] == (code, region)
    assert len(COUNTRIES) == len(PRINTED) == len(ROWS) == 20
    for kind in KINDS:
        number = example(region, kind)
        assert number.startswith(code)
        for given_country in (region, f"id:{place}", None):
            assert iotcall.entry(number, given_country, "JP") == Entry(number=number, country=region)
        dialled, id_ = tel(Entry(number=number, country=region))
        assert id_ == place
        assert dialled.isdecimal()
        assert iotcall.entry(dialled, region, "JP") == Entry(number=number, country=region), "and as dialled at home"
        assert listed({"tel": dialled, "group": 1, "check": 1, "international_prefix_id": int(place)}) == (
            Entry(number=number, country=region),
        )


@pytest.mark.parametrize(
    ("number", "country_", "region", "kept", "sent"),
    [
        ("080-4339-1234", None, "JP", "+818043391234", "08043391234"),
        ("+81 80 4339 1234", "JP", "US", "+818043391234", "08043391234"),
        ("０３−１２３４−５６７８", None, "JP", "+81312345678", "0312345678"),
        ("0120123456", "JP", "KR", "+81120123456", "0120123456"),
        ("010-2000-0000", "KR", "JP", "+821020000000", "01020000000"),
        ("(201) 555-0123", "US", "JP", "+12015550123", "2015550123"),
        ("02 1234 5678", "IT", "JP", "+390212345678", "0212345678"),
        ("0412 345 678", None, "AU", "+61412345678", "0412345678"),
    ],
)
def test_numbers_are_kept_in_e164_and_sent_as_dialled_at_home(
    number: str, country_: str | None, region: str, kept: str, sent: str
) -> None:
    found = iotcall.entry(number, country_, region)
    assert isinstance(found, Entry)
    assert (found.number, found.group, found.enabled) == (kept, 1, True)
    assert tel(found)[0] == sent


@pytest.mark.parametrize("number", ["+61891621234", "+61891641234"])
def test_the_islands_are_australia(number: str) -> None:
    found = Entry(number=number, country="AU")
    assert country(number) in ("CC", "CX")
    for given_country in (None, "AU", "CC", "CX", "id:9"):
        assert iotcall.entry(number, given_country, "JP") == found


def test_a_toll_free_number_is_of_whatever_country_has_its_code() -> None:
    for region in ("US", "CA", "GU"):
        assert iotcall.entry("+18002345678", region, "JP") == Entry(number="+18002345678", country=region)


@pytest.mark.parametrize(
    ("number", "country_"),
    [("+819012345678", "KR"), ("+819012345678", "id:12"), ("+12015550123", "JP"), ("+819012345678", "id:21")],
)
def test_a_number_that_contradicts_its_country(number: str, country_: str) -> None:
    assert refused(iotcall.entry(number, country_, "JP")) == ("invalid_number", "/country")


@pytest.mark.parametrize("number", ["+33612345678", "+85221234567", "+80012345678"])
def test_a_country_that_is_not_printed_is_named_by_its_id(number: str) -> None:
    for given_country in (None, "FR", "HK"):
        found = iotcall.entry(number, given_country, "JP")
        assert refused(found) == ("unsupported", "/country")
        assert isinstance(found, Misfit)
        assert "id:21" in found.detail
        assert number[3:] not in found.detail
    assert iotcall.entry(number, "id:21", "JP") == Entry(number=number, country="id:21")


def test_a_national_number_of_an_id_is_kept_as_it_is_dialled() -> None:
    found = iotcall.entry("06 12-34 56 78", "id:999", "JP")
    assert found == Entry(number="0612345678", country="id:999")
    assert tel(found) == ("0612345678", "999")
    assert tel(Entry(number="+33612345678", country="id:21")) == ("0612345678", "21")


@pytest.mark.parametrize(
    "country_", ["", "jp", "Japan", "JPN", "XX", "id:0", "id:1000", "id:", "id:01", "id:x", "id:-1"]
)
def test_a_country_nobody_knows(country_: str) -> None:
    assert refused(iotcall.entry("+819012345678", country_, "JP")) == ("unsupported", "/country")


@pytest.mark.parametrize("number", ["", "abc", "12", "+81901234567", "9012345678", "090123456789", "1" * 65, "+"])
def test_a_number_nobody_has(number: str) -> None:
    for given_country in (None, "JP"):
        assert refused(iotcall.entry(number, given_country, "JP")) == ("invalid_number", "/number")
    if not number.isdecimal() or len(number) < 3:
        assert refused(iotcall.entry(number, "id:21", "JP")) == ("invalid_number", "/number")


@given(
    st.text(max_size=20) | st.from_regex(r"\+?[0-9 -]{3,18}", fullmatch=True),
    st.none() | st.text(max_size=6) | st.sampled_from(["JP", "US", "CX", "id:1", "id:21", "id:999"]),
    st.sampled_from(["JP", "KR", "US", "FR"]),
)
def test_whatever_is_written_is_an_entry_or_has_a_reason(number: str, country_: str | None, region: str) -> None:
    found = iotcall.entry(number, country_, region)
    if isinstance(found, Misfit):
        assert found.pointer in ("/number", "/country")
        assert len(number) < 5 or number not in found.detail
        return
    dialled, id_ = tel(found)
    assert dialled.isdecimal()
    assert COUNTRIES.get(int(id_), f"id:{id_}") == found.country
    assert iotcall.entry(found.number, found.country, "SE") == found, "what was kept can be kept again"


@given(st.integers(10**6, 10**13), st.sampled_from(sorted(COUNTRIES.values())))
def test_what_is_sent_leads_back(digits: int, region: str) -> None:
    try:
        number = parse_any(f"+{phonenumbers.country_code_for_region(region)}{digits}", region)
    except InvalidNumber:
        return
    found = iotcall.entry(number, region, "JP")
    assert isinstance(found, Entry)
    dialled, id_ = tel(found)
    (back,) = listed({"tel": dialled, "group": 1, "check": 1, "international_prefix_id": id_})  # type: ignore[misc]
    assert tel(back) == (dialled, id_), "a list that is read and written again is the same"


# What the vendor keeps

FIRST = {"tel": "08043391234", "group": 1, "check": 1, "international_prefix_id": 1}
SECOND = {"tel": "08043391235", "group": "2", "check": "0", "international_prefix_id": "1"}
READ = (
    Entry(number="+818043391234", country="JP"),
    Entry(number="+818043391235", country="JP", group=2, enabled=False),
)


@pytest.mark.parametrize(
    "body",
    [
        {"status": "ok", "list": [FIRST, SECOND]},
        {"status": "OK", "call_to_tels": [FIRST, SECOND]},
        {"status": "ok", "tel": [FIRST, SECOND]},
        {"status": "ok", "data": {"0": FIRST, "1": SECOND}},
        {"status": "ok", "0": FIRST, "1": SECOND},
        {"call_to_tels": [FIRST, SECOND]},
        [FIRST, SECOND],
        {"status": "ok", "list": [FIRST, SECOND, {"tel": "", "group": 1, "check": 0, "international_prefix_id": 1}]},
    ],
)
def test_a_list_under_any_name(body: object) -> None:
    assert iotcall.numbers("fire").read(answer(body)) == READ


@pytest.mark.parametrize("body", [{"status": "ok", "list": []}, {"status": "ok", "x": {"y": {}}}])
def test_an_empty_list(body: object) -> None:
    assert iotcall.numbers("fire").read(answer(body)) == ()


@pytest.mark.parametrize(
    ("fields", "entry"),
    [
        ({"tel": 8043391234, "group": 1.0}, Entry(number="8043391234", country="JP")),
        ({"tel": "0804339123"}, Entry(number="0804339123", country="JP")),
        ({"tel": "0108012345678"}, Entry(number="0108012345678", country="JP")),
        ({"tel": "+818043391234"}, READ[0]),
        ({"international_prefix_id": 21}, Entry(number="08043391234", country="id:21")),
        ({"international_prefix_id": 12, "tel": "01020000000"}, Entry(number="+821020000000", country="KR")),
        ({"group": "C", "check": True}, Entry(number="+818043391234", country="JP", group=3)),
        ({"check": None}, Entry(number="+818043391234", country="JP", enabled=False)),
        ({"check": False}, Entry(number="+818043391234", country="JP", enabled=False)),
    ],
)
def test_a_number_is_read_as_far_as_it_goes(fields: dict[str, Any], entry: Entry) -> None:
    """One that is none of its country stays as it is."""
    assert listed(FIRST | fields) == (entry,)


def test_what_is_missing_is_as_in_a_new_entry() -> None:
    assert listed({"tel": "08043391234"}) == READ[:1]


@pytest.mark.parametrize(
    "fields",
    [
        {"group": "x1"},
        {"group": 0},
        {"group": None},
        {"check": 2},
        {"check": []},
        {"international_prefix_id": 0},
        {"international_prefix_id": "JP"},
    ],
)
def test_a_number_that_says_nothing_certain_spoils_the_list(fields: dict[str, Any]) -> None:
    """It would be written back wrong."""
    assert isinstance(listed(FIRST, FIRST | fields), Unreadable)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"status": "ok"}',
        '{"status": null, "list": []}',
        '{"status": "ok", "list": "x"}',
        "<p>",
    ],
)
def test_no_list_is_no_empty_list(body: str) -> None:
    assert isinstance(iotcall.numbers("fire").read(answer(body)), Unreadable)


def test_a_list_that_was_replaced() -> None:
    done = iotcall.replace_numbers("fire", READ).read
    assert done(answer({"status": "ok", "message": "x"})) is None
    assert done(answer({"status": "ng", "message": " 電話番号が\n不正です "})) == Declined("ng", "電話番号が 不正です")
    assert done(answer({"status": "ng", "message": "x"}, 422)) == Declined("422", "x")
    assert done(answer("", 404)) == Declined("404", "")
    for body, status in (("{}", 200), ("", 200), ('{"status": "ok"}', 201), ('{"status": "ok"}', 422), ("", 500)):
        assert isinstance(done(answer(body, status)), Unreadable)
