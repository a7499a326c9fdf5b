"""Changes of a reservation whose outcome is told, though the store was not heard, or a vendor had refused it before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.errors import Code, GatewayError
from gateway.model import lifecycle
from gateway.model.changes import Change
from gateway.model.message import Record
from tests import pair as pairs
from tests.harness import Harness
from tests.pair import Pair

pytestmark = pytest.mark.anyio
open_pair = pairs.open_pair
pair = pairs.pair


async def reserved(harness: Harness, **body: Any) -> Record:
    at = datetime.fromtimestamp(harness.here.store.clock.now() / 1000, UTC) + timedelta(hours=1)
    id_ = await harness.sent(sendAt=at.isoformat(), **body)
    record = await harness.here.store.read(id_.removeprefix("msg_"))
    assert record is not None
    return record


async def test_a_change_that_was_made_unheard_is_told_though_it_has_left(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store made it, its answer was lost, and the message was released before it was asked again."""
    here = harness.here
    await here.store.know_time()
    record = await reserved(harness)
    apply = here.store.apply
    heard: list[bool] = []

    async def unheard(old: Record, change: Change, content: Any = None) -> Record | None:
        done = await apply(old, change, content)
        if heard or done is None:
            return done
        heard.append(True)
        released = lifecycle.wake(done.state, done.state.due, here.routing.policy(done.state, done.content))
        assert isinstance(released, Change)
        assert await apply(done, released)
        return None

    monkeypatch.setattr(here.store, "apply", unheard)
    client = here.settings.clients["shop"]
    later = record.state.send_at + 60_000
    changed = await here.reservations.change(record, client, send_at=later, text="Bye")
    assert (changed.state.status, changed.state.send_at, changed.content.text) == ("queued", later, "Bye")
    with pytest.raises(GatewayError) as refused:
        await here.reservations.change(changed, client, text="Once more")
    assert refused.value.code is Code.NOT_CHANGEABLE


async def test_another_text_does_not_lead_it_back_to_who_refused_it(pair: Pair) -> None:
    here = pair.harness.here
    await here.store.know_time()
    record = await reserved(pair.harness)
    client = here.settings.clients["shop"]

    def refused(state: Any, now: int, policy: Any) -> Change:
        return lifecycle.turn(state, now, tell=False, provider="media", refused="main ")

    record = await here.recorder.change(record, refused)
    changed = await here.reservations.change(record, client, text="Bye")
    assert (changed.state.provider, changed.content.route) == ("media", ())
    with pytest.raises(GatewayError) as nobody:  # mediasms has no room for so many
        await here.reservations.change(changed, client, text="x" * 600)
    assert nobody.value.code is Code.NO_ROUTE


async def test_what_is_there_no_more_is_neither_changed_nor_canceled(harness: Harness) -> None:
    """A restored Redis may not know it, while a request still does."""
    here = harness.here
    await here.store.know_time()
    first, second = await reserved(harness), await reserved(harness)
    for record in (first, second):
        lane = record.id[10:12]
        await here.store.must(f"{{{lane}}}", "DEL", f"{{{lane}}}m:{record.id}")
    with pytest.raises(GatewayError) as gone:
        await here.reservations.change(first, here.settings.clients["shop"], text="Bye")
    assert gone.value.code is Code.NOT_FOUND
    with pytest.raises(GatewayError) as kept:
        await here.reservations.cancel(second)
    assert kept.value.code is Code.NOT_CANCELABLE
