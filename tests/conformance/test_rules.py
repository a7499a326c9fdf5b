"""Call trees that are kept at a vendor: only where the type says so, and nothing but the vendor's own word."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from functools import cache
from typing import Any, NamedTuple, get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.errors import LostAnswer, UnreadableCallback
from gateway.model.message import Content
from gateway.model.voice import ACTIVATION_ID
from gateway.provider import (
    Accepted,
    Callback,
    Declined,
    Entry,
    Log,
    Misfit,
    Provider,
    Question,
    Refused,
    SendOutcome,
    Unreadable,
    VendorAnswer,
    VendorRequest,
)
from gateway.routing import misfit
from gateway.transport import Transport
from tests.conformance.candidate import DELAY, Candidate, callback
from tests.conformance.garbage import ANSWERS, callbacks, disturbed, few, halves, says, under
from tests.conformance.test_answers import JUNK, PAGES

RULES = {"fire", "lost", "refused", "unheard"}
"""The rules that a simulator plays at least: one that goes off; one whose answers are lost, though it went off; one
that is refused; one of whose going off nobody is told."""
NUMBER = "+819012345678"
LAG = 0.2


class Heard(NamedTuple):
    """What the simulator says to this provider, word for word."""

    fired: VendorAnswer
    refused: VendorAnswer
    lost: bool
    taken: tuple[int, ...]
    """Calls to the number after each of these three, and before."""
    pushes: tuple[Callback, ...]
    answers: dict[str, VendorAnswer]


def questions(provider: Provider, id_: str) -> dict[str, Question[Any]]:
    entry = provider.entry(NUMBER, None, "JP")
    assert isinstance(entry, Entry)
    ranged = provider.log("fire", since=0, until=int(time.time() * 1000) + 86_400_000)
    logs = {"of all": provider.log(None), "of a rule": provider.log("fire"), "ranged": ranged}
    logs["latest"] = provider.log("fire", latest=True)
    return {
        "replace": provider.replace_numbers("fire", (entry,)),
        "numbers": provider.numbers("fire"),
        "by id": provider.log_of("fire", id_),
        **{f"{name} {part}": each for name, parts in logs.items() for part, each in enumerate(parts)},
    }


@cache
def heard_by(candidate: Candidate) -> Heard:
    return asyncio.run(_listen(candidate))


async def _listen(candidate: Candidate) -> Heard:
    pushed: list[Callback] = []

    async def post(url: str, body: bytes, content_type: str) -> int:
        pushed.append(callback(url, body, content_type))
        return 200

    async with AsyncExitStack() as stack:
        transport = Transport()
        stack.push_async_callback(transport.close)
        vendor = candidate.simulator.play("http://gateway/callbacks", delay=DELAY, late=LAG, post=post)
        await vendor.start()
        stack.push_async_callback(vendor.stop)
        provider = candidate.built(vendor.base_url)

        async def fire(rule: str) -> VendorAnswer | None:
            try:
                return await transport.exchange(provider, provider.activation_request(rule))
            except LostAnswer:
                return None

        only = provider.entry(NUMBER, None, "JP")
        assert isinstance(only, Entry)
        for rule in ("fire", "lost", "refused", "unheard"):
            asked = provider.replace_numbers(rule, (only,))
            assert asked.read(await transport.exchange(provider, asked.request)) is None
        taken, said = [vendor.taken(NUMBER)], []
        for rule in ("fire", "lost", "refused"):
            said.append(await fire(rule))
            taken.append(vendor.taken(NUMBER))
        fired, lost, refused = said
        assert fired
        assert refused
        ends = time.monotonic() + 10
        while not pushed and time.monotonic() < ends:
            await asyncio.sleep(0.01)
        await asyncio.sleep(2 * LAG)
        before = len(pushed)
        assert isinstance(provider.send_outcome(await fire("unheard") or fired), Accepted)
        await asyncio.sleep(2 * DELAY)
        assert len(pushed) == before, "nobody is told that this one went off"
        id_ = provider.notices(pushed[0])[0].activation_id
        answers = {}
        for name, each in questions(provider, id_).items():
            answers[name] = await transport.exchange(provider, each.request)
        return Heard(fired, refused, lost is None, tuple(taken), tuple(pushed), answers)


def reads(candidate: Candidate) -> dict[str, Question[Any]]:
    return questions(candidate.provider, "0" * 22)


# What it declares


def test_its_rules_are_those_of_its_settings(ruled: Candidate) -> None:
    rules = ruled.provider.rules
    assert rules.keys() == ruled.simulator.SETTINGS["rules"].keys() >= RULES
    assert all(rule.name == name and rule.min_numbers >= 1 for name, rule in rules.items())


def test_one_without_rules_has_none(anyone: Candidate) -> None:
    if anyone.able.rules:
        pytest.skip("this vendor has call trees")
    provider = anyone.provider
    assert not provider.rules
    assert isinstance(provider.entry(NUMBER, None, "JP"), Misfit)
    assert provider.notices(Callback(kind="activation")) == ()
    for ask in (provider.numbers, provider.activation_request, provider.log):
        with pytest.raises(NotImplementedError):
            ask("fire")


def test_one_without_messages_carries_none(ruled: Candidate) -> None:
    if ruled.able.messages:
        pytest.skip("this vendor carries messages")
    content = Content(to=NUMBER, text="hello", encoding="gsm7", characters=5, segments=1)
    assert misfit(ruled.provider, content) == ruled.provider.misfit(content)
    with pytest.raises(NotImplementedError):
        ruled.provider.send_request(content, "a1")


# What it asks


def test_requests_are_complete_and_tell_no_secret_of_the_account(ruled: Candidate) -> None:
    own = {name: secret for name, secret in ruled.secrets().items() if not name.startswith("rules")}
    requests = [ruled.provider.activation_request(rule) for rule in ruled.provider.rules]
    requests += [each.request for each in reads(ruled).values()]
    requests += [each.otherwise for each in reads(ruled).values() if each.otherwise]
    for request in requests:
        assert isinstance(request, VendorRequest)
        assert request.url.startswith("https://vendor.example")
        assert request.url.isascii()
        assert request.url.isprintable()
        assert " " not in request.url
        assert not request.body or request.method != "GET"
        assert not [name for name, secret in own.items() if secret in request.url]


def test_every_rule_is_set_off_by_a_request_of_its_own(ruled: Candidate) -> None:
    made = {ruled.provider.activation_request(rule) for rule in ruled.provider.rules}
    assert len(made) == len(ruled.provider.rules)
    assert ruled.provider.activation_request("fire") == ruled.provider.activation_request("fire")


def test_a_time_is_told_on_its_clock(ruled: Candidate) -> None:
    at = [ruled.built("https://vendor.example", timezone=zone).log("fire", since=0) for zone in ("UTC", "Asia/Tokyo")]
    assert [each.request for each in at[0]] != [each.request for each in at[1]]


@pytest.mark.parametrize(
    ("number", "country", "pointer"),
    [("1", None, "/number"), ("nobody", "JP", "/number"), (NUMBER, "KR", "/country"), (NUMBER, "Japan", "/country")],
)
def test_a_number_that_it_does_not_take(ruled: Candidate, number: str, country: str | None, pointer: str) -> None:
    found = ruled.provider.entry(number, country, "JP")
    assert isinstance(found, Misfit)
    assert found.pointer == pointer
    assert len(number) < 5 or number not in found.detail


# What it says


def test_what_went_off_and_what_did_not(ruled: Candidate) -> None:
    heard, read = heard_by(ruled), ruled.provider.send_outcome
    assert isinstance(read(heard.fired), Accepted)
    refused = read(heard.refused)
    assert isinstance(refused, Refused)
    assert refused.provider_code
    assert refused.detail
    assert heard.lost, "the answer to this one is lost"
    assert heard.taken == (0, 1, 2, 2)


def test_numbers_and_logs_are_read(ruled: Candidate) -> None:
    heard = heard_by(ruled)
    said = {name: each.read(heard.answers[name]) for name, each in reads(ruled).items()}
    assert said["replace"] is None
    assert said["numbers"] == (Entry(number=NUMBER, country="JP"),)
    logs = {name: each for name, each in said.items() if isinstance(each, Log)}
    assert logs.keys() == said.keys() - {"replace", "numbers"}
    calls = {name: {call.to for call in each.calls} for name, each in logs.items()}
    assert [names for names in calls.values() if names] == [{NUMBER}] * 5
    (id_,) = {call.activation_id for call in logs["by id"].calls}
    assert ACTIVATION_ID.fullmatch(id_)


def test_a_push_names_an_activation(ruled: Candidate) -> None:
    for push in heard_by(ruled).pushes:
        assert push.kind in ruled.provider.callback_kinds
        (notice,) = ruled.provider.notices(push)
        assert ACTIVATION_ID.fullmatch(notice.activation_id)
        assert ruled.provider.notices(push) == (notice,)
        assert ruled.provider.receipts(push) == ()


def test_half_an_answer_a_page_or_a_failure_says_nothing(ruled: Candidate) -> None:
    heard = heard_by(ruled)
    for answer in (*halves(heard.fired), *under(range(500, 600), heard.fired), *PAGES):
        assert isinstance(ruled.provider.send_outcome(answer), Unreadable)
    for answer in under(range(300, 500), heard.fired):
        assert not isinstance(ruled.provider.send_outcome(answer), Accepted)
    for name, each in reads(ruled).items():
        real = heard.answers[name]
        for answer in (*halves(real), *under(range(500, 600), real), *PAGES):
            assert isinstance(each.read(answer), Unreadable), name


def test_a_disturbed_answer_never_raises(ruled: Candidate) -> None:
    heard = heard_by(ruled)
    for junk in JUNK:
        for said in (heard.fired, heard.refused):
            for answer in disturbed(said, lambda _, junk=junk: junk):  # type: ignore[misc]
                assert isinstance(ruled.provider.send_outcome(answer), get_args(SendOutcome))
        for name, each in reads(ruled).items():
            for answer in disturbed(heard.answers[name], lambda _, junk=junk: junk):  # type: ignore[misc]
                each.read(answer)


@few
@given(answer=ANSWERS)
def test_garbage_is_no_answer(ruled: Candidate, answer: VendorAnswer) -> None:
    assume(not says(heard_by(ruled).fired, answer))
    assert not isinstance(ruled.provider.send_outcome(answer), Accepted)
    for name, each in reads(ruled).items():
        assert isinstance(each.read(answer), Declined | Unreadable), name


@few
@given(data=st.data())
def test_garbage_is_no_notice(ruled: Candidate, data: st.DataObject) -> None:
    for kind in sorted(ruled.provider.callback_kinds):
        push = data.draw(callbacks(kind))
        for read in (ruled.provider.notices, ruled.provider.receipts):
            with pytest.raises(UnreadableCallback):
                read(push)


def test_half_a_push_is_some_notice_or_none(ruled: Candidate) -> None:
    push = heard_by(ruled).pushes[0]
    for end in range(len(push.body)):
        half = Callback(kind=push.kind, query=push.query, content_type=push.content_type, body=push.body[:end])
        try:
            found = ruled.provider.notices(half)
        except UnreadableCallback:
            continue
        assert all(ACTIVATION_ID.fullmatch(notice.activation_id) for notice in found)
