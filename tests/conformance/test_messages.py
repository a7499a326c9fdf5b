"""Messages through a whole gateway to the type's own simulator: none lost, none twice, and no status a lie."""

from __future__ import annotations

from itertools import islice

import pytest

from gateway.provider import Guarantee
from tests.conformance.candidate import Candidate
from tests.conformance.gateway import Running
from tests.conformance.test_requests import times

pytestmark = pytest.mark.anyio

LOST = {"0010": 0, "0011": 1, "0012": 0}
"""Endings whose first answer is lost, and how many messages the vendor took with it."""


def end_of(candidate: Candidate) -> str:
    """How a plain message ends."""
    able = candidate.able
    return "delivered" if able.delivery_reports or able.status_query else "submitted"


def end_of_lost(candidate: Candidate, took: int) -> tuple[str, int]:
    """How a message ends whose first answer was lost, and how often the vendor then took it."""
    able, guarantee = candidate.able, candidate.kind.guarantee
    if guarantee is Guarantee.DEDUPLICATED:
        settled = not took or able.status_query or able.delivery_reports
        return (end_of(candidate) if settled else "uncertain"), 1
    heard_of = able.delivery_reports or guarantee is Guarantee.QUERYABLE
    return (end_of(candidate) if took and heard_of else "uncertain"), took


async def test_every_ending_ends_as_it_should(candidate: Candidate, running: Running) -> None:
    running.dispatch()
    endings = candidate.simulator.endings()
    plain, refused = next(candidate.numbers()), candidate.number("0005")
    ends = {plain: (end_of(candidate), 1), refused: ("failed", 0)}
    ends |= {candidate.number(ending): end_of_lost(candidate, took) for ending, took in LOST.items()}
    for number in dict.fromkeys([*ends, *map(candidate.number, sorted(endings))]):
        group = "known" if number in ends else "further"
        await running.accepted(to=number, text=f"for those at {number[-4:]}", groupTag=group)

    found = await running.all_rest("known", of={number: status for number, (status, _) in ends.items()})
    assert {number: (each["status"], running.vendor.taken(number)) for number, each in found.items()} == ends
    unheard = not (candidate.able.delivery_reports or candidate.able.status_query)
    for message in found.values():
        assert message["final"] == (unheard or message["status"] in ("delivered", "failed"))
    assert found[refused]["reason"]["providerCode"]
    assert found[plain]["reason"] is None

    found = await running.all_rest("further", "submitted", "delivered", "undelivered", "failed", "uncertain")
    for number, message in found.items():
        said, status, taken = endings[number[-4:]], message["status"], running.vendor.taken(number)
        assert taken <= 1, said
        assert status != "failed" or not taken, said
        assert not said.startswith("delivered") or status in ("submitted", "delivered"), said
        assert not said.startswith("undelivered: ") or status in ("submitted", "undelivered"), said
        assert not said.startswith("refused") or status == "failed", said


async def test_a_hundred_messages_arrive_once_each(candidate: Candidate, running: Running) -> None:
    running.dispatch()
    numbers = list(islice(candidate.numbers(), 100))
    for n, number in enumerate(numbers):
        await running.accepted(to=number, text="for all" if n % 2 else f"for number {n}", groupTag="many")
    found = await running.all_rest("many", end_of(candidate))
    assert sorted(found) == sorted(numbers)
    assert {running.vendor.taken(number) for number in numbers} == {1}


async def test_equal_messages_share_as_few_requests_as_they_may(candidate: Candidate, running: Running) -> None:
    numbers = list(islice(candidate.numbers(), 12))
    for number in numbers:
        await running.accepted(to=number, groupTag="equal")
    running.dispatch()
    found = await running.all_rest("equal", end_of(candidate))
    assert {number: running.vendor.taken(number) for number in found} == dict.fromkeys(numbers, 1)
    named = [sum(times(request, number) for number in numbers) for request in running.requests]
    assert sum(named) == len(numbers)
    assert max(named) <= candidate.able.receivers
    assert len(named) == len(numbers) if candidate.able.receivers == 1 else len(named) < len(numbers)


async def test_who_is_refused_is_refused_alone(candidate: Candidate, running: Running) -> None:
    refused, others = candidate.number("0005"), list(islice(candidate.numbers(), 4))
    for number in [*others[:2], refused, *others[2:]]:
        await running.accepted(to=number, groupTag="five")
    running.dispatch()
    found = await running.all_rest("five", "failed", end_of(candidate))
    ends = dict.fromkeys(others, (end_of(candidate), 1)) | {refused: ("failed", 0)}
    assert {number: (each["status"], running.vendor.taken(number)) for number, each in found.items()} == ends


async def test_a_misfit_is_a_problem_that_says_where(candidate: Candidate, running: Running) -> None:
    able = candidate.able
    wrong = {"/text": {"text": "a" * 2000}} if able.characters or (able.octets or 2000) < 2000 else {}
    wrong |= {} if able.subject else {"/subject": {"subject": "News"}}
    wrong |= {} if able.sender else {"/from": {"from": "SHOP"}}
    wrong |= (
        {"/to": {"to": "+819012345678" if "JP" not in able.countries else "+12015550123"}} if able.countries else {}
    )
    for pointer, fields in wrong.items():
        for pinned, code in (({"provider": "main"}, "unsupported"), ({}, "no_route")):
            answer = await running.post(**fields, **pinned)
            problem = answer.json()
            assert (answer.status_code, problem["code"]) == (422, code), problem
            assert [error["pointer"] for error in problem["errors"]] == [pointer]
            assert not running.reveals(answer.text)


async def test_its_options_are_taken_and_typed(candidate: Candidate, running: Running) -> None:
    name = candidate.kind.name
    unknown = await running.post(options={name: {"typo": 1}})
    assert (unknown.status_code, unknown.json()["code"]) == (400, "invalid_request")
    if candidate.kind.options:
        running.dispatch()
        id_ = await running.accepted(options=candidate.option())
        await running.until(id_, end_of(candidate))
