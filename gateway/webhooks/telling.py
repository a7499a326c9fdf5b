"""Tells endpoints of events: each endpoint on its own, so that a dead one holds up nobody else."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

import structlog

from gateway.errors import StoreUnavailable
from gateway.metrics import Metrics
from gateway.model.events import Event, public_id, wanted
from gateway.settings import Webhook
from gateway.store.clock import StoreClock
from gateway.store.feed import Feed, Telling
from gateway.webhooks import signing
from gateway.webhooks.sending import TIMEOUT, Answer, Sender

log = structlog.get_logger()

SCHEDULE = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds from one try to the next; after the last there is none, but when somebody asks for it."""
JITTER = 0.1
"""Share of a pause that is added at random, so that what failed together does not come back together."""
HOLD_MS = int(TIMEOUT * 1000) + 5_000
"""After which an event comes again whose teller died."""
AT_ONCE = 8
"""Tries under way to one endpoint, in one process."""
LOOK_EVERY = 0.25
"""Seconds between two looks for something to tell one endpoint of."""
GONE = 410
LONGEST_WISH = 21_600.0
"""Seconds a Retry-After may put off the next try, so that the last one comes while the event is kept."""

Render = Callable[[str, Event], Awaitable[bytes]]
"""The body that tells a client of an event, as it is to be told now. Raises `StoreUnavailable`."""


class Teller:
    """One process's. Several may work: the store gives each event to one of them at a time."""

    def __init__(
        self, feed: Feed, hooks: Sequence[Webhook], render: Render, sender: Sender, clock: StoreClock, metrics: Metrics
    ) -> None:
        self._feed = feed
        self._hooks = hooks
        self._render = render
        self._sender = sender
        self._clock = clock
        self._metrics = metrics
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """Works until stopped, then ends what is under way."""
        await asyncio.gather(*(self._tend(hook) for hook in self._hooks))

    async def _tend(self, hook: Webhook) -> None:
        under_way: set[asyncio.Task[None]] = set()
        while not self._stopping.is_set():
            tellings: list[Telling] = []
            try:
                if len(under_way) < AT_ONCE:
                    tellings = await self._feed.pull(hook.name, hook.client, AT_ONCE - len(under_way), HOLD_MS)
            except StoreUnavailable:
                await self._pause(0.5)
            for telling in tellings:
                task = asyncio.create_task(self._tell(hook, telling))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            if len(under_way) >= AT_ONCE:
                await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            elif not tellings:
                await self._pause(LOOK_EVERY)
        if under_way:
            await asyncio.wait(under_way)

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _tell(self, hook: Webhook, telling: Telling) -> None:
        try:
            if not wanted(telling.event.type, hook.events):
                await self._feed.skip(hook.name, hook.client, telling)
                return
            answer = await self._attempt(hook, telling.event)
            off = answer.status == GONE
            again = None if answer.heard else self._clock.now() if off else self._again(telling.tries, answer)
            await self._feed.told(
                hook.name, hook.client, telling, again, off=off, status=answer.status, error=answer.error
            )
        except StoreUnavailable:
            return  # it comes again
        except Exception as error:  # a bug must not end the telling of what comes after
            log.error("event not told", endpoint=hook.name, exc_info=error)
            return
        result = "heard" if answer.heard else "off" if off else "failed" if again else "given up"
        self._metrics.add("gateway_webhooks_total", endpoint=hook.name, result=result)
        if result != "heard":
            log.warning(
                "webhook",
                endpoint=hook.name,
                event_id=public_id(hook.client, telling.event.place),
                result=result,
                tries=telling.tries + 1,
                status=answer.status or None,
                reason=answer.error or None,
            )

    async def _attempt(self, hook: Webhook, event: Event) -> Answer:
        """One try. Raises `StoreUnavailable`."""
        try:
            body = await self._render(hook.client, event)
        except StoreUnavailable:
            raise
        except Exception as error:  # a bug at one event must not come back again and again
            log.error("event not told", endpoint=hook.name, exc_info=error)
            return Answer(error="the gateway failed at it")
        return await self.post(hook, public_id(hook.client, event.place), body)

    async def post(self, hook: Webhook, id_: str, body: bytes) -> Answer:
        """Signs a body and sends it."""
        signed = signing.headers(id_, self._clock.now() // 1000, body, hook.secrets)
        return await self._sender.post(hook.url, body, signed, allow_private=hook.allow_private)

    def _again(self, tries: int, answer: Answer) -> int | None:
        """When the next try is, ms since 1970; None: there is none."""
        if tries >= len(SCHEDULE):
            return None
        pause = max(SCHEDULE[tries], min(answer.retry_after, LONGEST_WISH))
        return self._clock.now() + int(pause * 1000 * (1 + random.uniform(0, JITTER)))  # noqa: S311  # no secret
