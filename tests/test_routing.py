"""Which provider carries a message: routes, capabilities, pins; and the reasons of those that do not."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest

from gateway.errors import Code, GatewayError
from gateway.model.message import Content
from gateway.provider import Provider
from gateway.routing import Routing, misfit
from gateway.settings import Client, Route
from tests.fake_provider import TEXT, Fake

SHOP = Client(name="shop", keys=())


def content(**given: Any) -> Content:
    return msgspec.structs.replace(TEXT, **given)


def routing(*routes: Route, providers: tuple[Provider, ...] = ()) -> Routing:
    known = providers or (Fake("main"), Fake("spare"), Fake("korea", countries=frozenset({"KR"})))
    return Routing({provider.name: provider for provider in known}, routes)


BY_COUNTRY = (
    Route(countries=("KR",), providers=("korea",)),
    Route(countries=("JP",), carriers=("au", "docomo"), providers=("spare", "main")),
    Route(senders=("Shop",), providers=("spare",)),
    Route(clients=("other",), providers=("spare",)),
    Route(countries=("JP",), providers=("main", "spare")),
)


@pytest.mark.parametrize(
    ("given", "client", "chosen"),
    [
        ({"to": "+821012345678"}, "shop", ("korea",)),
        ({"carrier": "au"}, "shop", ("spare", "main")),
        ({"carrier": "softbank"}, "shop", ("main", "spare")),
        ({"sender": "Shop"}, "shop", ("spare",)),
        ({"sender": "Other"}, "shop", ("main", "spare")),
        ({}, "other", ("spare",)),
        ({}, "shop", ("main", "spare")),
    ],
)
def test_the_first_route_that_matches_wins(given: dict[str, Any], client: str, chosen: tuple[str, ...]) -> None:
    assert routing(*BY_COUNTRY).choose(content(**given), Client(name=client, keys=())) == chosen


def test_every_criterion_of_a_route_must_match() -> None:
    both = routing(Route(countries=("JP",), clients=("other",), providers=("main",)))
    with pytest.raises(GatewayError) as refused:
        both.choose(content(), SHOP)
    assert refused.value.code is Code.NO_ROUTE


def test_weights_share_and_the_others_stand_by() -> None:
    shared = routing(Route(providers=("main", "spare", "third"), weights={"main": 3, "spare": 1, "third": 2}),
                     providers=(Fake("main"), Fake("spare"), Fake("third")))  # fmt: skip
    drawn = [shared.choose(content(), SHOP) for _ in range(1200)]
    firsts = Counter(names[0] for names in drawn)
    assert all(len(set(names)) == 3 for names in drawn)
    assert {names[1:] for names in drawn if names[0] == "spare"} == {("main", "third")}
    assert 480 < firsts["main"] < 720
    assert 120 < firsts["spare"] < 280


def test_a_pin_bypasses_the_routes_and_not_the_capabilities() -> None:
    pinned = routing(Route(providers=("main",)))
    assert pinned.choose(content(), SHOP, "spare") == ("spare",)
    with pytest.raises(GatewayError) as refused:
        pinned.choose(content(), SHOP, "korea")
    assert (refused.value.code, refused.value.provider) == (Code.UNSUPPORTED, "korea")
    assert refused.value.detail == "it delivers to numbers of KR only"


def test_no_route_gives_every_providers_reason() -> None:
    with pytest.raises(GatewayError) as refused:
        routing(Route(providers=("korea", "main"))).choose(content(text="shy"), SHOP)
    assert refused.value.code is Code.NO_ROUTE
    assert [(each.pointer, each.detail) for each in refused.value.errors] == [
        ("/to", "korea: it delivers to numbers of KR only"),
        ("/text", "main: it is shy"),
        ("/to", "spare: no route leads this message to it"),
    ]


NARROW = Client(name="shop", keys=(), providers=frozenset({"main"}), senders=frozenset({"Shop"}))


def test_a_client_is_told_of_its_own_providers_only() -> None:
    both = routing(Route(providers=("spare", "main")))
    assert both.choose(content(sender="Shop"), NARROW) == ("main",)
    decided = both.decide(content(), NARROW)
    assert [(each.provider, each.misfit.code) for each in decided.passed_over] == [("main", "forbidden")]
    with pytest.raises(GatewayError) as refused:
        both.choose(content(), NARROW)
    assert refused.value.code is Code.FORBIDDEN, "the sender where a message names none is not its own"


@pytest.mark.parametrize("routes", [(), (Route(senders=("X",), providers=("spare",)),)])
def test_a_sender_that_is_not_its_own_is_forbidden_wherever_it_leads(routes: tuple[Route, ...]) -> None:
    for pinned in (None, "main"):
        with pytest.raises(GatewayError) as refused:
            routing(*routes).choose(content(sender="X"), NARROW, pinned)
        assert refused.value.code is Code.FORBIDDEN
        assert [each.pointer for each in refused.value.errors] == ["/from"]


def test_a_route_to_others_providers_is_none() -> None:
    with pytest.raises(GatewayError) as refused:
        routing(Route(providers=("spare",))).choose(content(), NARROW)
    assert refused.value.code is Code.NO_ROUTE
    assert [each.detail for each in refused.value.errors] == ["main: no route leads this message to it"]
    with pytest.raises(GatewayError) as refused:
        routing(Route(providers=("spare",))).choose(content(), NARROW, "spare")
    assert refused.value.code is Code.FORBIDDEN, "it was named"


def test_who_is_away_comes_last_but_for_what_is_sent_later() -> None:
    both = routing(Route(providers=("main", "spare")))
    both.away = frozenset({"main"})
    assert both.choose(content(), SHOP) == ("spare", "main")
    assert both.choose(content(), SHOP, later=True) == ("main", "spare")


LIMITED = Fake("main", characters=5, countries=frozenset({"JP", "KR"}), sender=False)


@pytest.mark.parametrize(
    ("given", "code", "pointer"),
    [
        ({"subject": "S"}, "unsupported", "/subject"),
        ({"sender": "S"}, "unsupported", "/from"),
        ({"template": "7", "text": ""}, "unsupported", "/template/id"),
        ({"to": "+14155550123"}, "invalid_number", "/to"),
        ({"text": "Hello!"}, "too_long", "/text"),
        ({"text": "shy"}, "content_refused", "/text"),
    ],
)
def test_what_the_capabilities_exclude_is_refused(given: dict[str, Any], code: str, pointer: str) -> None:
    found = misfit(LIMITED, content(**given))
    assert found is not None
    assert (found.code, found.pointer) == (code, pointer)


def test_what_they_allow_is_not() -> None:
    able = Fake("main", subject=True, templates=True, kept=frozenset({"7"}), characters=5)
    for given in (
        {"subject": "S"},
        {"sender": "S"},
        {"template": "7", "text": ""},
        {"text": "Hello"},
        {"carrier": "au"},
    ):
        assert misfit(able, content(**given)) is None
    assert misfit(Fake("main", messages=False), content()) is not None
