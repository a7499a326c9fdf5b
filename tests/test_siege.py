"""Real processes under a seeded siege, in short; and the verdict, shown what it must find. See `tests.siege`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import faults
from tests.siege.callers import Entry
from tests.siege.plan import draw
from tests.siege.run import play
from tests.siege.vendors import Take
from tests.siege.verdict import Ledgers, judge

SEEDS = (44, 2352, 3911)
MUST = {"kill at a point", "stop at a point", "kill child", "stop child", "kill supervisor", "kill redis", "restart",
        "close port", "replicas"}  # fmt: skip
"""What these seeds have between them: after a change of `tests.siege.plan` others are to be looked for."""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_doubled_or_lied_about(seed: int) -> None:
    case = play(seed)
    assert not case.findings, case.report
    assert case.statuses.total() > 50


def test_the_seeds_have_something_of_everything() -> None:
    assert set().union(*(draw(seed).kinds() for seed in SEEDS)) >= MUST
    assert draw(1) == draw(1) != draw(2)


# The verdict on ledgers that lie

ID, OTHER = "0" * 26, "1" * 26
NOW = datetime(2033, 5, 18, tzinfo=UTC)


def ledgers(status: str = "delivered", **given: Any) -> Ledgers:
    """One message, taken once by the vendor that can be asked, and all is well. `given`: what is not."""
    body = {"to": "+819012341111", "clientTag": "tag-1"} | given.get("body", {})
    later = (NOW + timedelta(hours=1)).isoformat()
    message = {"status": status, "provider": "deduped", "to": body["to"], "events": []}
    message |= {"updatedAt": NOW.isoformat(), "expiresAt": later} | given.get("message", {})
    order = draw(0).orders[0]
    return Ledgers(
        entries=[Entry(order, body, ids={ID}, **given.get("entry", {}))],
        takes=given.get("takes", [Take("deduped", f"{ID}g1", "delivered")]),
        confirmed=given.get("confirmed", {}),
        messages=given.get("messages", {ID: message}),
        listed=given.get("listed", {ID: (order.client, "tag-1")}),
    )


BLIND_TAKE = Take("blind", f"{ID}g1", "")
RISKY = {"duplicateRisk": "accept"}
DOUBTED = [{"at": (NOW + timedelta(hours=2)).isoformat(), "status": "uncertain"}]

FINE = {
    "delivered": ledgers(),
    "submitted at a blind vendor": ledgers("submitted", takes=[BLIND_TAKE], message={"provider": "blind"}),
    "uncertain at a blind vendor": ledgers("uncertain", takes=[BLIND_TAKE], message={"provider": "blind"}),
    "resent at the caller's risk": ledgers(takes=[BLIND_TAKE] * 3, message={"provider": "blind"}, body=RISKY),
    "uncertain past its time": ledgers("uncertain", takes=[], message={"events": DOUBTED}),
    "refused": ledgers("failed", takes=[], body={"to": "+819012340005"}),
    "canceled": ledgers("canceled", takes=[], entry={"asked_to_cancel": True, "canceled": True}),
}  # fmt: skip
WRONG: dict[str, tuple[str, Ledgers]] = {
    "forgotten": ("LOST", ledgers(messages={ID: {}})),
    "not listed": ("LOST", ledgers(listed={})),
    "unknown to the gateway": ("LOST", ledgers(takes=[Take("deduped", f"{OTHER}g1", "delivered")])),
    "failed by nobody": ("LOST", ledgers("failed", takes=[])),
    "expired too soon": ("LOST", ledgers("expired", takes=[])),
    "canceled by nobody": ("LOST", ledgers("canceled", takes=[])),
    "one tag, two messages": ("TWICE", ledgers(listed={ID: ("single", "tag-1"), OTHER: ("single", "tag-1")})),
    "two references": ("TWICE", ledgers(takes=[Take("deduped", f"{ID}g{n}", "delivered") for n in (1, 2)])),
    "two vendors": ("TWICE", ledgers(takes=[BLIND_TAKE, Take("deduped", f"{ID}g2", "delivered")], body=RISKY)),
    "resent unasked": ("TWICE", ledgers(takes=[BLIND_TAKE] * 2, message={"provider": "blind"})),
    "resent too often": ("TWICE", ledgers(takes=[BLIND_TAKE] * 4, message={"provider": "blind"}, body=RISKY)),
    "unfinished": ("STUCK", ledgers("submitting")),
    "never sent": ("LIE", ledgers("submitted", takes=[])),
    "sent after all": ("LIE", ledgers("failed", body={"to": "+819012340005"})),
    "sent, and expired": ("LIE", ledgers("expired", message={"updatedAt": "2034-01-01T00:00:00Z"})),
    "sent, and canceled": ("LIE", ledgers("canceled", entry={"asked_to_cancel": True, "canceled": True})),
    "the other vendor's": ("LIE", ledgers("submitted", takes=[BLIND_TAKE])),
    "not canceled": ("LIE", ledgers(entry={"asked_to_cancel": True, "canceled": True})),
    "in doubt needlessly": ("LIE", ledgers("uncertain")),
    "in doubt too soon": ("LIE", ledgers("uncertain", takes=[])),
    "another fate": ("LIE", ledgers("undelivered")),
    "a receipt dropped": ("LIE", ledgers("uncertain", takes=[BLIND_TAKE], message={"provider": "blind"},
                                         confirmed={f"{ID}g1": ["sending"]})),
    "an end dropped": ("LIE", ledgers("submitted", takes=[BLIND_TAKE], message={"provider": "blind"},
                                      confirmed={f"{ID}g1": ["sending", "delivered"]})),
    "refused for nothing": ("LIE", ledgers(entry={"refused": "400 late"})),
}  # fmt: skip


@pytest.mark.parametrize("name", FINE)
def test_the_verdict_is_silent_where_all_is_well(name: str) -> None:
    assert not judge(FINE[name])


@pytest.mark.parametrize("name", WRONG)
def test_the_verdict_finds(name: str) -> None:
    kind, books = WRONG[name]
    assert kind in {finding.kind for finding in judge(books)}


# Faults at points


@pytest.fixture
def strikes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Signals that a process sends itself; none of them arrives."""
    sent: list[str] = []
    monkeypatch.setattr("gateway.faults.os.kill", lambda _, number: sent.append(number.name))
    monkeypatch.setattr("gateway.faults._hook", None)
    return sent


@pytest.fixture
def passing(tmp_path: Path, strikes: list[str]) -> Callable[..., Any]:
    async def passing(plan: str, *points: str) -> list[str]:
        faults.install_from(plan, tmp_path / "spent")
        for point in points:
            await faults.point(point)
        return strikes

    return passing


@pytest.mark.anyio
async def test_a_process_is_struck_at_the_passing_that_was_named(passing: Callable[..., Any]) -> None:
    plan = "take.after=stop@2,send.before=kill@1"
    assert await passing(plan, "take.after", "take.before") == []
    assert await passing(plan, "take.after", "take.after", "take.after") == ["SIGSTOP"]
    assert await passing(plan, "take.after", "take.after", "send.before") == ["SIGSTOP", "SIGKILL"]
    assert await passing(plan, *["take.after", "send.before"] * 3) == ["SIGSTOP", "SIGKILL"], "each once"


@pytest.mark.parametrize("plan", ["nowhere=kill@1", "take.after=nap@1", "take.after"])
def test_a_plan_that_names_no_fault_is_refused(tmp_path: Path, plan: str) -> None:
    with pytest.raises(ValueError, match="no such fault"):
        faults.install_from(plan, tmp_path / "spent")
