"""AI CROSS delivery reports: what they mean, and how they are wrapped."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from gateway.errors import UnreadableCallback
from gateway.model.reasons import Reason
from gateway.model.receipt import Receipt
from gateway.provider import Callback
from tests.providers.aicross_tools import REFERENCE, aicross, configured, ms, notification, xml
from tests.providers.bench import FORM


def pushed(body: bytes | str, content_type: str = "", query: tuple[tuple[str, str], ...] = ()) -> tuple[Receipt, ...]:
    raw = body.encode() if isinstance(body, str) else body
    return aicross.receipts(Callback(kind="dlr", body=raw, content_type=content_type, query=query))


# What they mean


def dlr(**fields: Any) -> Receipt:
    (receipt,) = pushed(json.dumps({"eventNotifications": [notification(**fields)]}))
    return receipt


def test_delivered() -> None:
    receipt = dlr()
    assert receipt == Receipt(
        reference=REFERENCE,
        identity=receipt.identity,
        outcome="delivered",
        provider_code="2",
        detail="delivered",
        billed=1,
        carrier="docomo",
        reported_at=ms(2024, 1, 5, 0, 30, 1),
    )


@pytest.mark.parametrize(
    ("category", "reason"),
    [
        ("721", Reason.CARRIER_CONGESTED),
        ("732", Reason.UNKNOWN_SUBSCRIBER),
        ("821", Reason.CARRIER_CONGESTED),
        ("823", Reason.HANDSET_UNREACHABLE),
        ("824", Reason.HANDSET_UNREACHABLE),
        ("833", Reason.HANDSET_UNREACHABLE),
        ("834", Reason.HANDSET_REFUSED),
        ("832", Reason.UNMAPPED),
    ],
)
@pytest.mark.parametrize("module", ["11", "12", "13", "14", "31", "32", "51", "52", "61", "62", "99"])
def test_undelivered(module: str, category: str, reason: Reason) -> None:
    receipt = dlr(statusId="3", detailedStatusId=module + category, separatedSuccessCount=0)
    assert (receipt.outcome, receipt.reason, receipt.provider_code) == ("undelivered", reason, module + category)
    assert receipt.billed is None
    assert "private" not in receipt.detail
    assert receipt == dlr(statusId=3, detailedStatusId=int(module + category), separatedSuccessCount="0")


@pytest.mark.parametrize("detailed", [None, "", "null", 3, "824", "118244", "1182４", ["x", "y"]])
def test_undelivered_for_no_known_reason(detailed: object) -> None:
    receipt = dlr(statusId="3", detailedStatusId=detailed)
    assert (receipt.outcome, receipt.reason) == ("undelivered", Reason.UNMAPPED)
    assert receipt.provider_code


@pytest.mark.parametrize(
    ("state", "code"),
    [("0", "0"), ("1", "1"), (0, "0"), (1, "1"), ("4", "4"), ("sent", "sent"), ("", ""), (None, ""), (True, "")],
)
def test_other_states_say_nothing(state: object, code: str) -> None:
    receipt = dlr(statusId=state, detailedStatusId="11824", separatedSuccessCount=9)
    assert (receipt.outcome, receipt.reason, receipt.billed, receipt.carrier) == (None, None, None, None)
    assert receipt.reference == REFERENCE
    assert receipt.provider_code == code


@pytest.mark.parametrize(
    ("id_", "detailed", "carrier"),
    [
        ("101", "", "au"),
        (102, "", "ymobile"),
        ("103", "", "docomo"),
        ("105", "12832", "softbank"),
        ("106", "", "rakuten"),
        ("999", "14824", "au"),
        (None, "31824", "docomo"),
        ("null", "52824", "softbank"),
        ("", "61824", "rakuten"),
        ("107", "99824", None),
        (None, "", None),
    ],
)
def test_carriers(id_: object, detailed: str, carrier: str | None) -> None:
    assert dlr(statusId="3", carrierId=id_, detailedStatusId=detailed).carrier == carrier


@pytest.mark.parametrize(
    ("modules", "carrier"),
    [("11 12 13 14", "au"), ("31 32", "docomo"), ("51 52", "softbank"), ("61 62", "rakuten"), ("10 15 33 50 63", None)],
)
@pytest.mark.parametrize("category", ["721", "732", "821", "823", "824", "833", "834", "000"])
def test_a_module_names_the_carrier_where_nothing_else_does(modules: str, carrier: str | None, category: str) -> None:
    for module in modules.split():
        assert dlr(statusId="3", carrierId="999", detailedStatusId=module + category).carrier == carrier
        assert dlr(statusId="3", carrierId="106", detailedStatusId=module + category).carrier == "rakuten"


@pytest.mark.parametrize(("count", "billed"), [("4", 4), (0, 0), (None, None), ("null", None), ("", None), (-1, None)])
def test_billed(count: object, billed: int | None) -> None:
    assert dlr(separatedSuccessCount=count).billed == billed


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2024/02/29 00:00:00", ms(2024, 2, 28, 15, 0, 0)),
        ("2024-02-29T00:00:00", ms(2024, 2, 28, 15, 0, 0)),
        ("20240229 000000", ms(2024, 2, 28, 15, 0, 0)),
        ("20240229 000000007", ms(2024, 2, 28, 15, 0, 0, 7)),
        ("2023/02/29 00:00:00", None),
        ("0000/00/00 00:00:00", None),
        ("2024/02/29 24:00:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_moments(written: str | None, moment: int | None) -> None:
    assert dlr(dateTime=written).reported_at == moment


def test_moments_are_on_the_configured_clock() -> None:
    body = json.dumps({"eventNotifications": notification()}).encode()
    (receipt,) = configured(timezone="UTC").receipts(Callback(kind="dlr", body=body))
    assert receipt.reported_at == ms(2024, 1, 5, 9, 30, 1)


def test_identity_is_of_message_and_state() -> None:
    assert dlr().identity == dlr(dateTime="2024/01/05 09:31:00").identity
    different = {
        dlr().identity,
        dlr(statusId="3").identity,
        dlr(messageId="other").identity,
        dlr(messageId="").identity,
        dlr(messageId="", clientTag="other").identity,
    }
    assert len(different) == 5
    assert all(identity.isalnum() and len(identity) == 12 for identity in different)


@pytest.mark.parametrize("tag", [None, "", "null", 7.5, {}, [], ["a", "b"], "x" * 201, "a\x00b", "\ud800"])
def test_without_a_usable_tag_it_is_an_orphan(tag: object) -> None:
    assert dlr(clientTag=tag).reference == ""


# How they are wrapped


FAILED = {
    "statusId": "3",
    "carrierId": "105",
    "detailedStatusId": "12832",
    "separatedSuccessCount": "0",
    "rawdata": {"carrier": "105", "type": "2", "data": {"code": "null", "status": "2", "msgState": "EXPIRED"}},
}


def wrapped(document: str, name: str) -> list[tuple[bytes, str, tuple[tuple[str, str], ...]]]:
    """One document in every wrapping that occurs."""
    raw = document.encode()
    form = urlencode({name: document}).encode()
    return [
        (form, FORM, ()),
        (form, f"{FORM}; charset=UTF-8", ()),
        (form, "", ()),
        (urlencode({"kind": "x", name.upper(): document}, quote_via=quote).encode(), FORM, ()),
        (raw, f"application/{name}", ()),
        (raw, FORM, ()),
        (b"\xef\xbb\xbf\r\n" + raw, "text/plain", ()),
        (b"", "", ((name, document),)),
    ]


@pytest.mark.parametrize(("body", "content_type", "query"), wrapped(xml(notification()), "xml"))
def test_xml_in_every_wrapping(body: bytes, content_type: str, query: tuple[tuple[str, str], ...]) -> None:
    assert pushed(body, content_type, query) == (dlr(),)


@pytest.mark.parametrize(
    ("body", "content_type", "query"), wrapped(json.dumps({"eventNotifications": [notification()]}), "json")
)
def test_json_in_every_wrapping(body: bytes, content_type: str, query: tuple[tuple[str, str], ...]) -> None:
    assert pushed(body, content_type, query) == (dlr(),)


def test_the_malformed_end_tag_of_the_printed_failure_is_read() -> None:
    document = xml(notification(**FAILED)).replace("</separatedSuccessCount>", "</ separatedSuccessCount>")
    (receipt,) = pushed(urlencode({"xml": document}), FORM)
    assert (receipt.outcome, receipt.reason) == ("undelivered", Reason.UNMAPPED)
    assert (receipt.carrier, receipt.provider_code) == ("softbank", "12832")


def test_the_early_brace_of_the_printed_json_is_read() -> None:
    fields = notification(**FAILED)
    late = {name: fields.pop(name) for name in ("detailedStatusId", "separatedSuccessCount")}
    body = f'{{"eventNotifications": [{json.dumps(fields)},\n {json.dumps(late)[1:-1]}\n]}}'
    with pytest.raises(ValueError, match="delimiter"):
        json.loads(body)
    assert pushed(body) == (dlr(**FAILED),)


@pytest.mark.parametrize("text", ["a]]>b", "\x0b\x1b", "a </ b", "<messageText>"])
def test_no_text_hides_a_receipt(text: str) -> None:
    assert pushed(xml(notification(messageText=text))) == (dlr(),)


def test_a_text_cannot_name_another_message() -> None:
    text = "]]></messageText><clientTag>other</clientTag><messageText><![CDATA["
    (receipt,) = pushed(xml(notification(messageText=text)))
    assert receipt.reference == ""


@pytest.mark.parametrize("name", ["Shift_JIS", "windows-31J", "CP932"])
def test_shift_jis_is_read(name: str) -> None:
    document = xml(notification(messageText="表示ソ①"), f'<?xml version="1.0" encoding="{name}"?>').encode("cp932")
    assert pushed(document) == (dlr(),)
    assert pushed(f"xml={quote(document)}", FORM) == (dlr(),)


def test_undecodable_texts_do_not_matter() -> None:
    document = xml(notification(messageText="@")).encode().replace(b"@", "表示ソ①".encode("cp932"))
    assert pushed(document) == (dlr(),)


def test_several_notifications_are_several_receipts() -> None:
    both = [notification(), notification(statusId="1", clientTag="other")]
    expected = (dlr(), dlr(statusId="1", clientTag="other"))
    assert pushed(json.dumps({"eventNotifications": both})) == expected
    assert pushed(json.dumps(both)) == expected
    one, two = (xml(each).partition(" <event")[2].rpartition("</eventNotifications>")[0] for each in both)
    assert pushed(f"<eventNotifications><event{one}<event{two}</eventNotifications>") == expected


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"eventNotifications": notification()}),
        xml(notification()).replace("<eventNotifications>", "").replace("</eventNotifications>", ""),
        xml({name: value for name, value in notification().items() if name != "rawdata"}),
        json.dumps({"eventNotifications": [notification(rawdata=None)]}),
        json.dumps({"eventNotifications": [notification(rawdata=[{"carrier": "103", "data": [{}]}])]}),
    ],
)
def test_other_shapes(body: str) -> None:
    assert pushed(body) == (dlr(),)


BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]>'
EXTERNAL = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "body",
    [
        "",
        "garbage",
        "xml=",
        "xml=garbage",
        "json=",
        "json=null",
        "json={",
        "a=b&c=d",
        "&" * 1000,
        "%",
        "<",
        "<a/>",
        "<a><b></a>",
        "<eventNotifications/>",
        "<eventNotifications><eventNotification/></eventNotifications>",
        "<html><body>503</body></html>",
        "{}",
        "[]",
        "[1]",
        '{"eventNotifications": []}',
        '{"eventNotifications": [{}]}',
        '{"eventNotifications": [{"statusId": {"a": 1}}]}',
        '{"eventNotifications": "none"}',
        "[" * 100_000,
        "<a>" * 50_000,
        BOMB + xml(notification(clientTag="]]>&c;<![CDATA["), ""),
        EXTERNAL + xml(notification(clientTag="]]>&b;<![CDATA["), ""),
        '<!DOCTYPE eventNotifications SYSTEM "http://vendor.test/a.dtd">' + xml(notification(), ""),
        "<!DOCTYPE eventNotifications>" + xml(notification(), ""),
        xml(notification(clientTag="]]>&undeclared;<![CDATA[")),
    ],
)
def test_garbage_is_unreadable(body: str) -> None:
    with pytest.raises(UnreadableCallback):
        pushed(body)
