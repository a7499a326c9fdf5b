"""The vendors: functions on requests, with a ledger of what they took. What they do wrong, a seed says."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import httpx

from gateway.model.ids import parse_reference
from tests.chaos.ledger import TIMEOUT, Account, Span, Taken, Word
from tests.chaos.words import AICROSS, PAGE, WORDS, Asked

if TYPE_CHECKING:
    from tests.chaos.process import Process
    from tests.chaos.world import World

SENDS = {
    "accept": 50, "refuse 110": 5, "refuse 300": 4, "refuse 500": 6, "busy": 3, "refuse lost": 5,
    "lose before": 5, "lose after": 9, "answer late": 6, "take late": 6, "page before": 3, "page after": 3,
    "garbage before": 2, "garbage after": 3, "no connection": 6, "login page": 0,
}  # fmt: skip
"""What becomes of a send, with its weight while there is chaos. "before", "after": not taken, taken."""
MEDIA_SENDS = {name: weight for name, weight in SENDS.items() if not name.startswith("refuse ")} | {
    "refuse 402": 4, "refuse 414": 4, "refuse 550": 5, "refuse 557": 1, "refuse lost": 5, "busy": 5, "login page": 2,
}  # fmt: skip
ANSWERS = {"answer": 70, "lose": 10, "page": 8, "garbage": 6, "error": 6}
"""What becomes of a question."""
FATES = {"delivered": 58, "undelivered": 30, "corrected": 12}
"""What becomes of a message. "corrected": undelivered first, and then delivered after all."""
DOWN = {
    "closed": {"no connection": 1},
    "unreachable": {"no way": 1},
    "silent": {"silence before": 4, "silence after": 1},
    "pages": {"page before": 4, "page after": 1},
}
"""How a vendor that is down fails everybody."""
PAGES = ("page", "garbage", "lose", "silence")


class Vendors(httpx.AsyncBaseTransport):
    """What the gateway's transport is given for a carrier."""

    def __init__(self, world: World, accounts: list[Account]) -> None:
        self._world = world
        self._dice = random.Random(f"vendor {world.seed}")
        self._remembers_refused = self._dice.random() < 0.3
        self.accounts = {each.name: each for each in accounts}
        self.calm = False

    def _draw(self, weights: dict[str, int]) -> str:
        (drawn,) = self._dice.choices(list(weights), list(weights.values()))
        return drawn

    def _how(self, account: Account, asked: Asked) -> str:
        if account.guarded and asked.password != account.password:
            return "refuse 401" if self._dice.random() < 0.75 else "login page"
        if self.calm:
            return "accept" if asked.send else "answer"
        if account.down:
            how = self._draw(DOWN[account.down])
            return how if asked.send or how.startswith("no ") else "lose"
        if not asked.send:
            return self._draw(ANSWERS)
        return self._draw(MEDIA_SENDS if account.kind == "mediasms" else SENDS)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        process = self._world.process
        await process.gate()
        account = self.accounts[request.url.host.partition(".")[0]]
        asked = WORDS[account.kind].read(request)
        how = self._how(account, asked)
        self._world.count(f"vendor: {how}", f"{asked.reference} at {account.name}")
        if not asked.send:
            return await self._exchange(process, account, asked, how)
        account.under_way += 1
        try:
            self._world.rules.sending(process, account, asked.reference)
            return await self._exchange(process, account, asked, how)
        finally:
            account.under_way -= 1

    async def _exchange(self, process: Process, account: Account, asked: Asked, how: str) -> httpx.Response:
        if how.startswith("no "):
            if asked.send:
                account.unreached[asked.reference] += 1
            await asyncio.sleep(0.01 if how == "no connection" else TIMEOUT / 2)
            raise (httpx.ConnectError if how == "no connection" else httpx.ConnectTimeout)(how)
        answer: asyncio.Future[httpx.Response | None] = asyncio.get_running_loop().create_future()
        self._world.outside(self._serve(account, asked, how, answer))
        response = await answer
        await process.gate()
        if response is None:
            raise httpx.ReadError("closed")
        if account.guarded and how in ("refuse 401", "login page"):
            account.shut_out = (self._world.now, process)
        else:
            self._world.rules.answered(account.name)
        about = WORDS[account.kind].refusals.get(how.removeprefix("refuse "))
        named = parse_reference(asked.reference)
        if about and named:
            account.told_no.setdefault(asked.reference, []).append(process)
            if about == "us":
                account.turned_away.add(named.id)
        return response

    async def _serve(
        self, account: Account, asked: Asked, how: str, answer: asyncio.Future[httpx.Response | None]
    ) -> None:
        """At the vendor's: goes on whatever becomes of who asked."""
        await asyncio.sleep(self._dice.choice([0.005, 0.02, 0.1]))
        if how == "take late":
            account.lost[asked.reference] += 1
            await asyncio.sleep(self._dice.choice([0.5, 2.0, 9.0, 30.0]))
        response = self._send(account, asked.reference, how) if asked.send else self._list(account, asked, how)
        if how == "answer late":
            account.lost[asked.reference] += 1
            await asyncio.sleep(TIMEOUT + 0.5)
        else:
            await asyncio.sleep(self._dice.choice([0.0, 0.01, 0.3]))
        if not answer.done() and not how.startswith("silence"):
            answer.set_result(response)

    def _send(self, account: Account, reference: str, how: str) -> httpx.Response | None:
        account.requests[reference] += 1
        words = WORDS[account.kind]
        verb, _, what = how.partition(" ")
        account.login(how not in ("refuse 401", "login page"))
        if verb in ("refuse", "busy") or how == "login page":
            account.refused[reference] += 1
            if what in ("lost", "page"):
                account.lost[reference] += 1
            if verb == "busy":
                return words.busy(self._dice)
            if self._remembers_refused and not account.blind:
                account.known.add(reference)
            if what == "page":
                return httpx.Response(401, html=PAGE)
            return None if what == "lost" else words.refused(what, self._dice)
        lost = verb in PAGES
        if lost:
            account.lost[reference] += 1
        response = words.accepted(self._dice)
        if what != "before":
            if reference in account.known and not account.blind:
                response = AICROSS.duplicate()
            else:
                self._take(account, reference)
        return self._broken(verb) if lost else response

    def _broken(self, verb: str) -> httpx.Response | None:
        if verb == "page":
            return httpx.Response(self._dice.choice([500, 502, 503]), html=PAGE)
        return httpx.Response(200, text=self._dice.choice(["{", "999"])) if verb == "garbage" else None

    def _list(self, account: Account, asked: Asked, how: str) -> httpx.Response | None:
        if how == "error":
            return AICROSS.error()
        if how in PAGES:
            return self._broken(how)
        return AICROSS.listed(account.by_reference.get(asked.reference), self._world.passed_time)

    # Receipts

    def _take(self, account: Account, reference: str) -> None:
        now = self._world.passed_time
        taken = Taken(
            reference,
            self._draw(FATES),
            len(account.taken),
            now + self._dice.choice([0.0, 1.0, 5.0]),
            now + (0.0 if self.calm else self._dice.choice([0.0, 0.0, 2.0])),
        )
        account.taken.append(taken)
        account.known.add(reference)
        account.by_reference[reference] = taken
        if self._dice.random() < 0.2 and not self.calm:
            return  # no receipt ever
        ways: dict[str, list[Word]] = {
            "delivered": ["underway", "delivered"],
            "undelivered": ["underway", "undelivered"],
            "corrected": ["underway", "undelivered", "delivered"],
        }
        words = ways[taken.fate]
        if self._dice.random() < 0.4:
            words = [*words, self._dice.choice(words)]
            self._world.count("vendor: receipt doubled")
        if self._dice.random() < 0.4:
            self._dice.shuffle(words)
            self._world.count("vendor: receipts reordered")
        self._world.outside(self._report(account, taken, words, self._dice.random() < 0.3))

    async def _report(self, account: Account, taken: Taken, words: list[Word], at_once: bool) -> None:
        """Receipts may overtake the answer to the send, and each other."""
        for word in words:
            delay = self._dice.choice([0.0, 0.05, 0.5, 5.0])
            push = self._push(account, taken, word, delay)
            if at_once:
                self._world.outside(push)
            else:
                await push

    async def _push(self, account: Account, taken: Taken, word: Word, delay: float) -> None:
        await asyncio.sleep(delay)
        callback = WORDS[account.kind].callback(taken, word, self._dice)
        for _ in range(4):
            began = self._world.now
            if await self._world.push(account.name, callback):
                taken.told[word] = Span(began, self._world.now)
                return
            await asyncio.sleep(1.0)
