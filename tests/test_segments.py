"""Text segments: the alphabets, every boundary, and that the arithmetic is a plain packing of characters."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.model.segments import GSM_ALPHABET, GSM_EXTENSION, Segments, encodable, measure


def gsm(characters: int, count: int) -> Segments:
    return Segments("gsm7", characters, count)


def ucs(characters: int, count: int) -> Segments:
    return Segments("ucs2", characters, count)


def test_the_alphabet_is_whole() -> None:
    assert len(GSM_ALPHABET) == len(set(GSM_ALPHABET)) == 127, "128 codes, one of them escape"
    assert len(GSM_EXTENSION) == len(set(GSM_EXTENSION)) == 10
    assert not set(GSM_ALPHABET) & set(GSM_EXTENSION)


@pytest.mark.parametrize("character", GSM_ALPHABET)
def test_alphabet_characters_cost_one_septet(character: str) -> None:
    assert measure(character * 160) == gsm(160, 1)
    assert measure(character * 161) == gsm(161, 2)


@pytest.mark.parametrize("character", GSM_EXTENSION)
def test_extension_characters_cost_two_septets(character: str) -> None:
    assert measure(character * 80) == gsm(80, 1)
    assert measure(character * 81) == gsm(81, 2)


@pytest.mark.parametrize(
    "character", ["あ", "가", "ç", "`", "\t", "\x1b", "\x00", "’", "–", "…", "\u00a0", "ﾊ", "α", "ё", "₩"]
)
def test_one_other_character_makes_it_ucs2(character: str) -> None:
    assert measure(character) == ucs(1, 1)
    assert measure("a" * 69 + character) == ucs(70, 1)
    assert measure("a" * 70 + character) == ucs(71, 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", gsm(0, 1)),
        ("Your code is 123456", gsm(19, 1)),
        ("認証番号は123456です", ucs(13, 1)),
        # GSM-7, nothing of two septets
        ("a" * 160, gsm(160, 1)),
        ("a" * 161, gsm(161, 2)),
        ("a" * 153 * 2, gsm(306, 2)),
        ("a" * (153 * 2 + 1), gsm(307, 3)),
        ("a" * 153 * 3, gsm(459, 3)),
        ("a" * 2000, gsm(2000, 14)),
        # GSM-7 with extension characters: 160 septets still fit one part
        ("a" * 158 + "€", gsm(159, 1)),
        ("a" * 159 + "€", gsm(160, 2)),
        ("€" + "a" * 158, gsm(159, 1)),
        # the part ends after 153 septets: an escape may not be the last of them
        ("a" * 151 + "€" + "a" * 153, gsm(305, 2)),
        ("a" * 152 + "€" + "a" * 151, gsm(304, 2)),  # one septet of the first part is left empty
        ("a" * 152 + "€" + "a" * 152, gsm(305, 3)),
        ("a" * 153 + "€" + "a" * 151, gsm(305, 2)),
        ("€" * 76 * 2, gsm(152, 2)),  # 76 in a part, one septet over
        ("€" * (76 * 2 + 1), gsm(153, 3)),
        ("a" + "€" * 76 * 2, gsm(153, 2)),
        # UCS-2, nothing of two units
        ("あ" * 70, ucs(70, 1)),
        ("あ" * 71, ucs(71, 2)),
        ("あ" * 67 * 2, ucs(134, 2)),
        ("あ" * (67 * 2 + 1), ucs(135, 3)),
        ("あ" * 2000, ucs(2000, 30)),
        # UCS-2 with emoji: two units each, never split
        ("😀" * 35, ucs(35, 1)),
        ("😀" * 36, ucs(36, 2)),
        ("あ" * 68 + "😀", ucs(69, 1)),
        ("あ" * 69 + "😀", ucs(70, 2)),
        ("あ" * 65 + "😀" + "あ" * 67, ucs(133, 2)),
        ("あ" * 66 + "😀" + "あ" * 65, ucs(132, 2)),  # one unit of the first part is left empty
        ("あ" * 66 + "😀" + "あ" * 66, ucs(133, 3)),
        ("あ" * 67 + "😀" + "あ" * 65, ucs(133, 2)),
        ("😀" * 33 * 2, ucs(66, 2)),  # 33 in a part, one unit over
        ("😀" * (33 * 2 + 1), ucs(67, 3)),
        ("😀" * 2000, ucs(2000, 61)),
        ("👨‍👩‍👧", ucs(5, 1)),  # a family is five code points
        # lone surrogates are counted, though no wire takes them
        ("\ud83d" * 70, ucs(70, 1)),
        ("\ude00" * 71, ucs(71, 2)),
        ("\ud83d\ude00", ucs(2, 1)),
    ],
)
def test_boundaries(text: str, expected: Segments) -> None:
    assert measure(text) == expected


@pytest.mark.parametrize("text", ["", "plain", "認証番号", "😀", "\x00", "\uffff", "\U0010ffff"])
def test_encodable(text: str) -> None:
    assert encodable(text)


@pytest.mark.parametrize("text", ["\ud800", "a\udfff", "\ud83d\ude00", "😀\ud83d"])
def test_not_encodable(text: str) -> None:
    assert not encodable(text)


def packed(text: str) -> tuple[str, int, int]:
    """Encoding, characters and count by the book: one character after another into parts."""
    if set(text) <= set(GSM_ALPHABET + GSM_EXTENSION):
        encoding, single, multiple = "gsm7", 160, 153
        costs = [2 if c in GSM_EXTENSION else 1 for c in text]
    else:
        encoding, single, multiple = "ucs2", 70, 67
        costs = [2 if ord(c) > 0xFFFF else 1 for c in text]
    count = 1
    if sum(costs) > single:
        free = multiple
        for cost in costs:
            if cost > free:
                count, free = count + 1, multiple
            free -= cost
    return encoding, len(text), count


PIECES = ["a", "b" * 7, "c" * 50, "\n", "€", "{" * 9, "|" * 40]
gsm_texts = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
texts = st.one_of(
    gsm_texts,
    st.lists(st.sampled_from([*PIECES, "あ", "い" * 33, "😀", "🎉" * 11, "ç"]), max_size=25).map("".join),
    st.text(max_size=200),
)


@settings(deadline=None, max_examples=300)
@given(texts)
@example("a" * 152 + "€" * 200)
@example("あ" * 66 + "😀" * 200)
def test_counts_as_by_the_book(text: str) -> None:
    assert msgspec.structs.astuple(measure(text)) == packed(text)


@settings(deadline=None)
@given(texts, texts)
def test_count_never_falls_as_text_grows(text: str, more: str) -> None:
    counts = [measure(text + more[:end]).count for end in range(len(more) + 1)]
    assert counts == sorted(counts)
    assert measure(more + text).count >= measure(text).count, "at either end"


@settings(deadline=None)
@given(gsm_texts, gsm_texts)
def test_a_concatenation_costs_at_most_one_part_more(left: str, right: str) -> None:
    """Within one encoding: two single parts may lose seven septets each to their headers, nothing else is lost."""
    apart = measure(left).count + measure(right).count
    assert max(measure(left).count, measure(right).count) <= measure(left + right).count <= apart + 1


@settings(deadline=None)
@given(texts)
def test_count_is_bounded_by_the_units(text: str) -> None:
    measured = measure(text)
    if measured.encoding == "gsm7":
        units, single, part = len(text) + sum(c in GSM_EXTENSION for c in text), 160, 153
    else:
        units, single, part = len(text.encode("utf-16-le")) // 2, 70, 67
    if units <= single:
        assert measured.count == 1
    else:
        assert -(-units // part) <= measured.count <= -(-units // (part - 1))
    assert measured.characters == len(text)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=[]), max_size=200))
def test_measure_takes_any_string(text: str) -> None:
    assert measure(text).count >= 1
    assert encodable(text) is not any("\ud800" <= c <= "\udfff" for c in text)
