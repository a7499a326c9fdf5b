"""Texts at MediaSMS: what fits and how long it is, texts kept at the vendor, a text of its own for au."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.message import Content
from gateway.model.segments import Segments
from gateway.provider import Misfit
from gateway.providers.mediasms import TYPE, MediaSMS
from tests.providers.mediasms_tools import (
    REFERENCE,
    abroad,
    configured,
    content,
    form,
    long,
    mediasms,
    misfit,
    refused,
    templated,
)

TEXT_AU = "/options/mediasms/textAu"

# What fits

FITS = [("a" * 140, None), ("ｱ" * 140, None), ("あ" * 70, "docomo"), ("あ" + "a" * 69, None), ("あ" + "a" * 138, "au")]
FITS += [("あ" + "a" * 67 + "\n", None), ("a" * 138 + "\r\n", None)]
OVER = [("a" * 141, None), ("あ" * 71, None), ("あ" + "a" * 70, "docomo"), ("あ" + "a" * 139, "au")]
OVER += [("あ" + "a" * 68 + "\n", None), ("あ" + "a" * 68 + "\r\n", None), ("a" * 139 + "\n", None)]
FITS_LONG = [("あ" * 670, None), ("a" * 670, "au"), ("あ" * 668 + "\n", None)]
OVER_LONG = [("あ" * 671, None), ("a" * 671, "au"), ("あ" * 669 + "\n", None)]


@pytest.mark.parametrize(
    ("provider", "fits", "text", "carrier"),
    [
        *((mediasms, True, *each) for each in FITS),
        *((mediasms, False, *each) for each in OVER),
        *((long, True, *each) for each in FITS_LONG),
        *((long, False, *each) for each in OVER_LONG),
    ],
)
def test_lengths(provider: MediaSMS, fits: bool, text: str, carrier: str | None) -> None:
    found = provider.misfit(content(text=text, carrier=carrier))
    assert (found is None) == fits
    if found:
        assert (found.code, found.pointer) == ("too_long", "/text")
        assert_numbers(found)


def assert_numbers(found: Misfit) -> None:
    """It says how much is allowed, and how much there is."""
    most, has = (int(number) for number in re.findall(r"\d+", found.detail))
    assert (most in (70, 140, 670), most < has) == (True, True)


def test_the_carrier_au_does_not_lengthen_a_text_abroad() -> None:
    assert refused(content(to="+14155550123", carrier="au", text="あ" + "a" * 70), abroad) == ("too_long", "/text")


STRANGERS = "①№㈱ⅰ髙﨑＂😀€—¥\u3099\ue000\uf8f0\x80\ud800"


@pytest.mark.parametrize("character", STRANGERS)
def test_strangers_are_named(character: str) -> None:
    text = f"あ{character}い{character}"
    for asked, pointer in ((content(text=text), "/text"), (content(text_au=text), TEXT_AU)):
        found = misfit(asked)
        assert found
        assert (found.code, found.pointer) == ("content_refused", pointer)
        assert found.detail.count(f"U+{ord(character):04X}") == 1
        found.detail.encode()


def test_many_strangers_are_not_all_named() -> None:
    found = misfit(content(text="①②③④⑤⑥⑦"))
    assert re.search(r": ① \(U\+2460\), .* and 2 more$", found.detail if found else "")


def test_common_characters_fit() -> None:
    text = "ｱﾞ、。・～〜−－∥‖￥≒≡∫√⊥∠∩∪∵￢¬аЯαΩ─┃々〆ヶ熙\n"
    assert misfit(content(text=text, text_au=text)) is None


# How long


@pytest.mark.parametrize(
    ("provider", "text", "characters", "count"),
    [
        (mediasms, "a" * 140, 140, 1),
        (mediasms, "あ" * 70, 70, 1),
        (mediasms, "", 0, 1),
        (long, "a" * 140, 140, 1),
        (long, "a" * 141, 141, 3),
        (long, "あ" * 70, 70, 1),
        (long, "あ" * 71, 71, 2),
        (long, "あ" * 134, 134, 2),
        (long, "あ" * 135, 135, 3),
        (long, "あ" * 133 + "\n", 134, 3),
        (long, "a\r\n" + "a" * 132, 135, 1),
        (long, "あ" * 670, 670, 10),
    ],
)
def test_measure(provider: MediaSMS, text: str, characters: int, count: int) -> None:
    assert provider.measure(text) == Segments("cp932", characters, count)


@given(st.text(alphabet=st.one_of(st.sampled_from("aｱあ\n"), st.characters()), max_size=700))
def test_whatever_fits_is_of_one_part_or_of_ten_at_most(text: str) -> None:
    assert mediasms.measure(text).count == 1
    count = long.measure(text).count
    assert count >= 1
    if long.misfit(content(text=text)) is None:
        assert count <= 10
    if mediasms.misfit(content(text=text)) is None:
        assert count == 1


# Texts kept at the vendor


@pytest.mark.parametrize("id_", ["1", "007", "9" * 20])
def test_a_kept_text_goes_by_its_id(id_: str) -> None:
    asked = templated(id_, carrier="au")
    assert misfit(asked) is None
    sending = form(asked)
    assert sending["smstextid"] == id_
    assert sending.keys() == {"mobilenumber", "mobilecareer", "smstextid", "status", "smsid", "method"}


@pytest.mark.parametrize("id_", ["", "welcome", "1a", "-1", "1.0", " 1", "1\n", "１", "٣", "9" * 21])
def test_other_ids_are_no_kept_texts(id_: str) -> None:
    assert not mediasms.keeps_template(id_)
    assert refused(templated(id_)) == ("unsupported", "/template/id")


def test_a_kept_text_has_no_other_for_au() -> None:
    for provider in (mediasms, long):
        assert refused(templated("1", options={"mediasms": {"textAu": "hi"}}), provider) == ("unsupported", TEXT_AU)
    assert misfit(templated("1", options={"mediasms": {}})) is None


def test_a_kept_text_and_one_given_are_never_sent_together() -> None:
    for asked in (templated("1", text="hello"), templated("1", text="x", options={"mediasms": {"textAu": "hi"}})):
        assert form(asked).keys() & {"smstext", "smstext2", "smstextid"} == {"smstextid"}
    assert form(content(text_au="hi")).keys() & {"smstext", "smstext2", "smstextid"} == {"smstext", "smstext2"}


# A text for au


def test_the_options_of_a_message() -> None:
    kind = TYPE.options
    assert kind
    read = msgspec.json.decode(b'{"textAu": "hi"}', type=kind)
    assert msgspec.to_builtins(read) == {"textAu": "hi"}
    assert msgspec.to_builtins(msgspec.json.decode(b"{}", type=kind)) == {}
    for wrong in (b'{"text_au": "hi"}', b'{"textAu": ""}', b'{"textAu": 1}', b'{"textAu": null}', b'{"textau": "x"}'):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(wrong, type=kind)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"textAu": "a" * 2001}, kind)
    (described,) = msgspec.json.schema(kind)["$defs"]["MediaSMSOptions"]["properties"].values()
    assert described["description"]
    assert described["examples"]


@pytest.mark.parametrize("provider", [mediasms, long])
@pytest.mark.parametrize("carrier", [None, "au", "docomo"])
def test_a_text_for_au_goes_along(provider: MediaSMS, carrier: str | None) -> None:
    """With and without the option for long texts: see `send_request`."""
    sending = form(content(text="hello", text_au="１+1\n", carrier=carrier), provider)
    assert (sending["smstext"], sending["smstext2"]) == ("hello", "１+1\n")


@pytest.mark.parametrize("options", [None, {}, {"mediasms": {}}, {"aicross": {"textAu": "hi"}}])
def test_without_one_nothing_goes_along(options: dict[str, object] | None) -> None:
    assert "smstext2" not in form(content(options=options))
    assert misfit(content(options=options)) is None


@pytest.mark.parametrize(
    ("provider", "fits", "text"),
    [
        (mediasms, True, "a" * 140),
        (mediasms, True, "あ" * 70),
        (mediasms, True, "あ" + "a" * 138),
        (mediasms, True, "a" * 138 + "\n"),
        (mediasms, False, "a" * 141),
        (mediasms, False, "あ" * 71),
        (mediasms, False, "あ" + "a" * 139),
        (mediasms, False, "a" * 139 + "\n"),
        (long, True, "a" * 670),
        (long, True, "あ" * 670),
        (long, True, "あ" * 668 + "\n"),
        (long, False, "a" * 671),
        (long, False, "あ" * 671),
        (long, False, "あ" * 669 + "\n"),
    ],
)
def test_lengths_for_au(provider: MediaSMS, fits: bool, text: str) -> None:
    """Not long: 140 bytes in Shift_JIS, however wide. Long: 1340 bytes in UTF-16."""
    found = misfit(content(text_au=text), provider)
    assert (found is None) == fits
    if found:
        assert (found.code, found.pointer) == ("too_long", TEXT_AU)
        assert_numbers(found)
    else:
        encoding, most = ("utf-16-le", 1340) if provider is long else ("cp932", 140)
        assert len(text.replace("\n", "\r\n").encode(encoding)) <= most


def test_the_text_itself_is_looked_at_first() -> None:
    assert refused(content(text="①", text_au="①")) == ("content_refused", "/text")


# What a sender should know

BOTH = configured(long_text=True, overseas=True)
DROPPED, SHOWN, AU, ABROAD = "`carrier` is dropped", "`from` is shown only", "`textAu` may have", "`textAu` has no"


@pytest.mark.parametrize(
    ("provider", "asked", "expected"),
    [
        (mediasms, content(), ()),
        (mediasms, content(carrier="au"), ()),
        (BOTH, content(to="+14155550123", carrier="au"), (DROPPED,)),
        (BOTH, content(carrier="au"), ()),
        (mediasms, content(sender="Shop1"), (SHOWN,)),
        (BOTH, content(sender="Shop1"), (SHOWN,)),
        (BOTH, content(to="+14155550123", sender="Shop1"), ()),
        (mediasms, content(text_au="hi"), (AU,)),
        (mediasms, content(text="あ" * 100, text_au="hi"), (AU,)),
        (BOTH, content(text_au="hi"), (AU,)),
        (BOTH, content(text="あ" * 71, text_au="hi"), ()),
        (BOTH, content(text_au="あ" * 71), ()),
        (BOTH, content(to="+14155550123", text="あ" * 71, text_au="hi"), (ABROAD,)),
        (mediasms, content(sender="Shop1", text_au="hi"), (SHOWN, AU)),
    ],
)
def test_warnings(provider: MediaSMS, asked: Content, expected: tuple[str, ...]) -> None:
    said = provider.warnings(asked)
    assert len(said) == len(expected)
    assert all(word.startswith(start) for word, start in zip(said, expected, strict=True))


# Whatever comes


@given(st.text(max_size=200), st.none() | st.text(min_size=1, max_size=200), st.sampled_from([None, "au", "docomo"]))
def test_no_text_raises(text: str, text_au: str | None, carrier: str | None) -> None:
    asked = content(text=text, text_au=text_au, carrier=carrier)
    mediasms.warnings(asked)
    if misfit(asked) is None:
        sending = form(asked) if text else dict.fromkeys(("smstext", "smstext2"), "")
        if text:
            assert (sending["smstext"], sending.get("smstext2")) == (text, text_au)
        assert len(text.encode("cp932")) <= 140
        assert len((text_au or "").encode("cp932")) <= 140


@given(st.text(max_size=30))
def test_no_template_raises(id_: str) -> None:
    if misfit(templated(id_)) is None:
        assert re.fullmatch("[0-9]{1,20}", id_, re.ASCII)
        assert f"smstextid={id_}&".encode() in mediasms.send_request(templated(id_), REFERENCE).body + b"&"
