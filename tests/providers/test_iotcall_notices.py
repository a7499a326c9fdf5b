"""What iotcall pushes when a rule went off. The document names no field: whatever carries an activation id is read."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UnreadableCallback
from gateway.model.voice import ACTIVATION_ID
from gateway.provider import Callback, Notice
from tests.conformance.garbage import KINDS, callbacks
from tests.providers.bench import FORM
from tests.providers.iotcall_tools import ID, iotcall

RULE = "0008200149"
MULTIPART = 'multipart/form-data; boundary="xx"'


def pushed(body: bytes | str = b"", content_type: str = FORM, query: tuple[tuple[str, str], ...] = ()) -> Callback:
    written = body.encode() if isinstance(body, str) else body
    return Callback(kind="activation", query=query, content_type=content_type, body=written)


def read(callback: Callback) -> list[tuple[str, str]]:
    return [(notice.activation_id, notice.rule_id) for notice in iotcall.notices(callback)]


def part(name: str, value: str) -> str:
    return f'--xx\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'


@pytest.mark.parametrize(
    "name", ["activation_id", "activationId", "発動ID", "ルール発動ID", "hatsudou_id", "code", "id", "x"]
)
def test_an_id_by_any_name(name: str) -> None:
    """In a query, a form, JSON, at any depth."""
    fields = {name: ID, "status": "ok", "time": "2022-07-15 04:14:48"}
    for push in (
        pushed(query=tuple(fields.items())),
        pushed(urlencode(fields)),
        pushed(urlencode(fields), ""),
        pushed(json.dumps(fields), "application/json"),
        pushed(json.dumps(fields, ensure_ascii=False), FORM),
        pushed(json.dumps([{"data": {"event": [fields]}}]), "text/plain"),
        pushed(urlencode({"json": json.dumps(fields)})),
        pushed(query=(("payload", json.dumps(fields)),)),
        pushed(part("status", "ok") + part(name, ID) + "--xx--\r\n", MULTIPART),
    ):
        assert read(push) == [(ID, "")], push


@pytest.mark.parametrize("body", [ID, f"{ID}\n", f'"{ID}"', f"[{ID[3:]}]", f"\ufeff{ID}"])
def test_an_id_alone(body: str) -> None:
    ((found, _),) = read(pushed(body, "text/plain"))
    assert ID.endswith(found)


def test_an_id_alone_in_the_query() -> None:
    assert read(pushed(query=((ID, ""),))) == [(ID, "")]


@pytest.mark.parametrize(
    "fields",
    [
        {"rule_id": RULE, "code": ID},
        {"ruleId": RULE, "activationId": ID},
        {"rule": {"id": RULE, "name": "x"}, "activation": {"id": ID}},
        {"ルールID": RULE, "発動ID": ID},
        {"rule_id": int("1" + RULE[1:]), "code": ID},
        {"data": {"code": ID}, "rule_id": RULE},
    ],
)
def test_a_rule_by_a_field_of_its_own(fields: dict[str, object]) -> None:
    ((found, rule),) = read(pushed(json.dumps(fields), "application/json"))
    assert found == ID
    assert rule[1:] == RULE[1:]


def test_the_rule_is_never_cut_out_of_the_id() -> None:
    assert iotcall.notices(pushed(f"code={ID}")) == (Notice(ID, ""),)


def test_the_surest_name_wins() -> None:
    other = "1234567890123456"
    assert read(pushed(urlencode({"transaction": other, "code": ID}))) == [(ID, "")]
    assert read(pushed(urlencode({"code": other, "activation_id": ID}))) == [(ID, "")]
    assert read(pushed(urlencode({"code": other, "activation_id": "abc-1"}))) == [("abc-1", "")]
    assert read(pushed(urlencode({"code": "abcdef-123456", "status": "ok"}))) == [("abcdef-123456", "")]
    assert read(pushed(urlencode({"code": "200", "status": ID}))) == [(ID, "")]
    assert read(pushed(urlencode({"microseconds": "1657858488000000", "x": ID}))) == [(ID, "")], "it ends in a time"
    assert read(pushed(urlencode({"x": "0015300264230816556459"}))) == [("0015300264230816556459", "")]
    assert read(pushed(urlencode({"rule_id": other, "code": ID}))) == [(ID, other)]


def test_several_activations_are_told_once_each() -> None:
    second = ID[:-1] + "9"
    body = json.dumps([{"code": ID}, {"code": second}, {"code": ID}])
    assert read(pushed(body, "application/json")) == [(ID, ""), (second, "")]
    twice = pushed(f"code={ID}", query=(("code", ID), ("rule_id", RULE)))
    assert read(twice) == [(ID, RULE)]


def test_two_rules_are_none() -> None:
    body = json.dumps([{"code": ID, "rule_id": "1"}, {"code": ID[:-1] + "9", "rule_id": "2"}])
    assert [rule for _, rule in read(pushed(body, "application/json"))] == ["", ""]


@pytest.mark.parametrize(
    "callback",
    [
        pushed(),
        pushed("status=ok&code=200"),
        pushed("id=5"),
        pushed("code="),
        pushed(f"rule_id={ID}"),
        pushed("activation_id=a b"),
        pushed("activation_id=" + "1" * 65),
        pushed("x=" + "1" * 31),
        pushed("x=" + "1" * 15),
        pushed("１２３４５６７８９０１２３４５６"),
        pushed('{"code": null, "x": true, "y": 1.5}', "application/json"),
        pushed("[" * 5000 + "]" * 5000, "application/json"),
        pushed("[" * 900 + "]" * 900, "application/json"),
        pushed(f"x={'a' * 70_000}&code={ID}"),
        pushed("&".join(f"a{n}={n}" for n in range(2000)) + f"&code={ID}"),
        pushed(b"\xff\xfe\x00"),
        pushed("--xx\r\n\r\n", MULTIPART),
        pushed(f"code={ID}", "multipart/form-data"),
    ],
)
def test_anything_else_is_no_notice(callback: Callback) -> None:
    with pytest.raises(UnreadableCallback):
        iotcall.notices(callback)


@given(callbacks("activation"))
def test_garbage_is_no_notice(callback: Callback) -> None:
    try:
        found = iotcall.notices(callback)
    except UnreadableCallback:
        return
    written = callback.body.decode("utf-8", "replace") + repr(callback.query)
    assert all(len(notice.activation_id) >= 12 for notice in found)
    assert all(notice.activation_id in written for notice in found)


@given(
    st.dictionaries(
        st.sampled_from(["code", "id", "activation_id", "rule_id", "rule", "x"]),
        st.text(max_size=40) | st.from_regex(r"[0-9]{0,40}", fullmatch=True),
    ),
    st.sampled_from(KINDS),
    st.booleans(),
)
def test_what_is_read_can_stand_in_a_path(fields: dict[str, str], content_type: str, as_json: bool) -> None:
    body = json.dumps(fields) if as_json else urlencode(fields, errors="replace")
    try:
        found = iotcall.notices(pushed(body, content_type))
    except UnreadableCallback:
        return
    assert found
    assert all(ACTIVATION_ID.fullmatch(notice.activation_id) for notice in found)
    assert iotcall.receipts(pushed(body, content_type)) == ()
