"""Phone numbers: which are understood, which are refused and why, and that the hot path is the library's word."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.model import phone
from gateway.model.phone import InvalidNumber, country, mask, national, parse, parse_any

DIGITS = "0123456789"


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("+819012345678", "JP", "+819012345678"),
        ("+819012345678", "US", "+819012345678"),
        ("09012345678", "JP", "+819012345678"),
        ("08012345678", "JP", "+818012345678"),
        ("07012345678", "JP", "+817012345678"),
        ("06012345678", "JP", "+816012345678"),
        ("02012345678", "JP", "+812012345678"),
        ("02012345678901"[:11], "JP", "+812012345678"),
        ("02001234567890", "JP", "+812001234567890"),
        ("+812001234567890", "KR", "+812001234567890"),
        ("010-819012345678", "JP", "+819012345678"),  # 010 is how Japan dials abroad
        ("010 82 10 1234 5678", "JP", "+821012345678"),
        ("010 1 202 555 0123", "JP", "+12025550123"),
        ("+81 (0)90 1234 5678", "JP", "+819012345678"),
        ("+810 90-1234-5678", "JP", "+819012345678"),
        ("+821012345678", "JP", "+821012345678"),
        ("01012345678", "KR", "+821012345678"),
        ("+82 010-1234-5678", "KR", "+821012345678"),
        ("0111234567", "KR", "+82111234567"),
        ("01612345678", "KR", "+821612345678"),
        ("0171234567", "KR", "+82171234567"),
        ("0181234567", "KR", "+82181234567"),
        ("01912345678", "KR", "+821912345678"),
        ("00181 90 1234 5678", "KR", "+819012345678"),  # 001 is one of Korea's ways to dial abroad
        ("+44 7911 123456", "JP", "+447911123456"),
        ("(0)20 7946 0018", "GB", "+442079460018"),
        ("+390612345678", "JP", "+390612345678"),  # Italy keeps its zero
        ("(202) 555-0123", "US", "+12025550123"),
        ("+80012345678", "JP", "+80012345678"),
    ],
)
def test_understood(text: str, region: str, e164: str) -> None:
    assert parse(text, region) == e164
    assert parse(e164, region) == e164, "what was answered is understood again"
    assert parse_any(text, region) == e164


@pytest.mark.parametrize(
    "text",
    [
        "090-1234-5678",
        "090 1234 5678",
        "(090)1234-5678",
        " 09012345678 ",
        "０９０１２３４５６７８",
        "０９０－１２３４－５６７８",
        "０９０ー１２３４ー５６７８",
        "090‐1234‑5678",
        "090–1234—5678",
        "090−1234−5678",
        "（０９０）１２３４　５６７８",
        "＋８１９０１２３４５６７８",
        "+81-90-1234-5678",
        "(+81) 90 1234 5678",
        "+81\u00a090\u00a01234\u00a05678",
    ],
)
def test_separators_and_full_width_do_not_matter(text: str) -> None:
    assert parse(text, "JP") == "+819012345678"


@pytest.mark.parametrize(
    ("text", "region", "why"),
    [
        ("", "JP", "empty"),
        (" - ", "JP", "empty"),
        ("+", "JP", "digits"),
        ("0901234567x", "JP", "digits"),
        ("1-800-FLOWERS", "US", "digits"),
        ("09012345678 ext 5", "JP", "digits"),
        ("09012345678;ext=5", "JP", "digits"),
        ("09012345678#5", "JP", "digits"),
        ("tel:09012345678", "JP", "digits"),
        ("090.1234.5678", "JP", "digits"),
        ("090/1234/5678", "JP", "digits"),
        ("09012345678\n", "JP", "digits"),
        ("090\t12345678", "JP", "digits"),
        ("٠٩٠١٢٣٤٥٦٧٨", "JP", "digits"),
        ("\u202a09012345678\u202c", "JP", "digits"),
        ("090\ud80012345678", "JP", "digits"),
        ("++819012345678", "JP", "plus only in front"),
        ("8190+12345678", "JP", "plus only in front"),
        ("0" * 65, "JP", "at most 64"),
        ("\ufdfa" * 64, "JP", "digits"),
        ("819012345678", "JP", r"starts with \+"),
        ("9012345678", "JP", r"starts with \+"),
        ("6041234567", "JP", r"starts with \+"),  # a landline in Malaysia without its plus, or 060 without its zero
        ("1012345678", "KR", r"starts with \+"),
        ("0901234567", "JP", "numbering plan"),
        ("090123456789", "JP", "numbering plan"),
        ("09001234567", "JP", "numbering plan"),
        ("06112345678", "JP", "numbering plan"),
        ("0200123456789", "JP", "numbering plan"),
        ("020012345678901", "JP", "numbering plan"),
        ("00819012345678", "JP", "numbering plan"),  # 00 is not how Japan dials abroad
        ("18609012345678", "JP", "starts with"),
        ("0312345678", "JP", "in Japan only mobile"),
        ("+81312345678", "KR", "in Japan only mobile"),
        ("0120-123-456", "JP", "in Japan only mobile"),
        ("05012345678", "JP", "in Japan only mobile"),
        ("02-1234-5678", "KR", "in Korea only mobile"),
        ("02-212-3456", "KR", "in Korea only mobile"),
        ("+8215441234", "KR", "in Korea only mobile"),
        ("+8216441234", "KR", "in Korea only mobile"),  # begins like a legacy mobile number, and is none
        ("+8218001234", "KR", "in Korea only mobile"),
        ("07012345678", "KR", "in Korea only mobile"),
        ("01221234567", "KR", "in Korea only mobile"),
        ("+8210123456789", "KR", "numbering plan"),
        ("+8190", "JP", "too short"),
        ("110", "US", "too short"),
        ("5550123", "US", "area code"),
        ("+1202555012", "JP", "too short"),
        ("+120255501234", "JP", "too long"),
        ("+1202555012345678901234", "JP", "too long"),
        ("+99912345678", "JP", "country code"),
        ("+0012345678", "JP", "country code"),
        ("09012345678", "", "country code"),
        ("09012345678", "ZZ", "country code"),
    ],
)
def test_refused_with_a_reason_that_does_not_quote_the_number(text: str, region: str, why: str) -> None:
    with pytest.raises(InvalidNumber, match=why) as caught:
        parse(text, region)
    assert isinstance(caught.value, ValueError)
    assert not re.search(r"\d{4}", str(caught.value))
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "text", ["0312345678", "0120123456", "05012345678", "0570012345", "06012345678", "02001234567890"]
)
def test_calls_reach_what_texts_do_not(text: str) -> None:
    assert parse_any(text, "JP") == "+81" + text[1:]


@pytest.mark.parametrize("text", ["09001234567", "0901234567", "110", "", "312345678", "03-1234-5678 ext 9"])
def test_calls_need_a_number_too(text: str) -> None:
    with pytest.raises(InvalidNumber):
        parse_any(text, "JP")


def by_library(bare: str, region: str) -> str | None:
    try:
        return phone._look_up(bare, region)
    except InvalidNumber:
        return None


@pytest.mark.parametrize(("region", "calling_code", "known_ranges"), [("JP", "81", 450), ("KR", "82", 1099)])
def test_hot_path_is_the_library_s_word_for_every_range(region: str, calling_code: str, known_ranges: int) -> None:
    """Every four leading digits with every length: the patterns of both look at no more than these, but for one
    Korean block (010-59), where the hot path abstains."""
    noise = random.Random(1)
    seen = 0
    for leading in range(10_000):
        for length in range(8, 15):
            digits = f"{leading:04}" + "".join(noise.choices(DIGITS, k=length - 4))
            for bare in (f"+{calling_code}{digits}", f"0{digits}"):
                if (known := phone._recognise(bare, region)) is not None:
                    seen += 1
                    assert known == by_library(bare, region) == f"+{calling_code}{digits}"
                elif calling_code == "81" and bare[0] == "+" and not digits.startswith("0"):
                    assert by_library(bare, region) is None, "Japan has no mobile number that the pattern misses"
    assert seen == 2 * known_ranges


numbers = st.builds(
    lambda prefix, lead, rest: prefix + lead + rest,
    st.sampled_from(["+81", "+82", "+810", "+820", "0", "00", "01081", "01082", "00182", "+1", "+44", ""]),
    st.sampled_from(["90", "80", "70", "60", "20", "200", "10", "11", "16", "17", "18", "19", "105", "1059", "3", ""]),
    st.text(DIGITS, min_size=5, max_size=12),
)
regions = st.sampled_from(["JP", "KR", "US", "GB"])


@settings(deadline=None, max_examples=500)
@given(numbers, regions)
@example("+819012345678", "JP")
@example("09012345678", "KR")
@example("01012345678", "JP")
@example("01059812345", "KR")
def test_hot_path_agrees_with_the_library(bare: str, region: str) -> None:
    known = phone._recognise(bare, region)
    assert known is None or known == by_library(bare, region)


@settings(deadline=None)
@given(st.from_regex(r"0(?:[6-9]0[1-9][0-9]{7}|20[1-35-9][0-9]{7}|200[0-9]{10})", fullmatch=True), st.randoms())
def test_every_japanese_mobile_number_is_understood_however_it_is_written(dialled: str, noise: random.Random) -> None:
    e164 = "+81" + dialled[1:]
    assert parse(dialled, "JP") == parse(e164, "KR") == by_library(dialled, "JP") == e164
    spaced = "".join(d + noise.choice(["", "", "", "-", " ", "ー"]) for d in dialled)
    assert parse(spaced, "JP") == e164
    assert parse("".join(chr(ord(d) + 0xFEE0) for d in dialled), "JP") == e164
    assert national(e164) == dialled
    assert country(e164) == "JP"


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=[]) | st.sampled_from("+0123456789 -()０１"), max_size=80), regions)
def test_anything_is_either_e164_or_refused(text: str, region: str) -> None:
    try:
        e164 = parse(text, region)
    except InvalidNumber:
        return
    assert re.fullmatch(r"\+[1-9][0-9]{5,14}", e164)
    assert parse(e164, region) == parse_any(text, region) == e164


@pytest.mark.parametrize(
    ("e164", "expected"),
    [
        ("+819012345678", "JP"),
        ("+821012345678", "KR"),
        ("+12025550123", "US"),
        ("+14165550123", "CA"),
        ("+77012345678", "KZ"),
        ("+79161234567", "RU"),
        ("+442079460018", "GB"),
        ("+8613800138000", "CN"),
        ("+80012345678", None),
        ("+99912345678", None),
        ("+", None),
        ("", None),
        ("nobody", None),
    ],
)
def test_country(e164: str, expected: str | None) -> None:
    assert country(e164) == expected
    assert country(e164) == expected


def test_national() -> None:
    assert national("+819012345678") == "09012345678"
    assert national("+821012345678") == "01012345678"
    with pytest.raises(ValueError, match="Japan and Korea"):
        national("+12025550123")


@pytest.mark.parametrize(
    ("e164", "masked"),
    [
        ("+819012345678", "+81********78"),
        ("+812001234567890", "+81***********90"),
        ("+12025550123", "+1********23"),
        ("+35312345678", "+353******78"),
        ("+99912345678", "+*********78"),
        ("+8112345", "+81***45"),
        ("+811234", "*******"),
        ("+8", "**"),
        ("+", "*"),
        ("", ""),
        ("09012345678", "***********"),
        ("Alice", "*****"),
    ],
)
def test_mask(e164: str, masked: str) -> None:
    assert mask(e164) == masked


@given(st.text(max_size=30))
def test_mask_keeps_the_length_and_never_more_than_six_characters(text: str) -> None:
    masked = mask(text)
    assert len(masked) == len(text)
    assert sum(c != "*" for c in masked) <= 6 or set(text) == {"*"}
