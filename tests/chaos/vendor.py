"""The vendors: functions on requests, with a ledger of what they took. What they do wrong, a seed says."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import httpx

from gateway.model.ids import parse_reference
from tests.chaos.keeping import Keeping
from tests.chaos.ledger import TIMEOUT, Account, Kind, Span, Taken, Word
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
KOREA_SENDS = {name: weight for name, weight in SENDS.items() if not name.startswith("refuse ")} | {
    "accept": 90, "refuse 3": 3, "refuse 7": 3, "refuse 8": 6, "refuse 9": 6, "refuse 10": 10, "refuse lost": 5,
}  # fmt: skip
"""Most are taken: after a failure messages travel alone for a while."""
SENDS_AT: Mapping[Kind, dict[str, int]] = {
    "aicross": SENDS, "blind": SENDS, "mediasms": MEDIA_SENDS, "koreasms": KOREA_SENDS,
}  # fmt: skip
BAD_RECEIVER = "10"
"""What KoreaSMS answers to a request with a receiver it does not know: none of them is sent to."""
ANSWERS = {"answer": 70, "lose": 10, "page": 8, "garbage": 6, "error": 6}
"""What becomes of a question."""
CANCELS = {
    "answer": 60, "lose before": 6, "lose after": 9, "page before": 3, "page after": 4, "garbage after": 3, "late": 6,
    "error": 5, "no connection": 4,
}  # fmt: skip
"""What becomes of an order to drop a reservation. "late": it is carried out when nobody waits for the answer."""
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


class Said(NamedTuple):
    """What a vendor answers."""

    response: httpx.Response | None
    """None: it closes the connection."""
    refusal: str = ""
    """The code, where it is one."""


class Vendors(httpx.AsyncBaseTransport):
    """What the gateway's transport is given for a carrier."""

    def __init__(self, world: World, accounts: list[Account]) -> None:
        self._world = world
        self._dice = random.Random(f"vendor {world.seed}")
        self._remembers_refused = self._dice.random() < 0.3
        self.accounts = {each.name: each for each in accounts}
        self.calm = False
        self.keeping = Keeping(world, self)

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
            return self._draw(CANCELS if asked.what in ("cancel", "days") else ANSWERS)
        return self._draw(SENDS_AT[account.kind])

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        process = self._world.process
        await process.gate()
        account = self.accounts[request.url.host.partition(".")[0]]
        asked = self._addressed(account, WORDS[account.kind].read(request))
        how = self._how(account, asked)
        told = f"{asked.what}: {how}" if asked.what else how
        self._world.count(f"vendor: {told}", f"{' '.join(asked.references)} at {account.name}")
        if not asked.send and asked.what in ("", "check") and how != "answer":
            self.keeping.unheard.update(asked.references)
        if not asked.send:
            return await self._exchange(process, account, asked, how)
        account.under_way += 1
        try:
            self._world.rules.sending(process, account, asked.references)
            self._world.promises.leaving(process, account, asked)
            return await self._exchange(process, account, asked, how)
        finally:
            account.under_way -= 1

    def _addressed(self, account: Account, asked: Asked) -> Asked:
        """With a reference for each letter."""
        if not asked.letters:
            return asked
        references = [self._world.letters.reference(letter) for letter in asked.letters]
        known = tuple(each for each in references if each)
        self._world.rules.sharing(account, asked.letters, known)
        if len(asked.letters) > 1:
            self._world.count(f"vendor: {len(asked.letters)} in a request")
        return asked._replace(references=known)

    async def _exchange(self, process: Process, account: Account, asked: Asked, how: str) -> httpx.Response:
        if how.startswith("no "):
            if asked.send:
                account.unreached.update(asked.references)
            await asyncio.sleep(0.01 if how == "no connection" else TIMEOUT / 2)
            raise (httpx.ConnectError if how == "no connection" else httpx.ConnectTimeout)(how)
        answer: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
        self._world.outside(self._serve(account, asked, how, answer))
        response, refusal = await answer
        await process.gate()
        if how == "take late":
            account.heard(asked.references)
        if response is None:
            raise httpx.ReadError("closed")
        if account.guarded and how in ("refuse 401", "login page"):
            account.shut_out = (self._world.now, process)
        else:
            self._world.rules.answered(account.name)
        about = WORDS[account.kind].refusals.get(refusal)
        final = self._is_final(account, asked, refusal)
        if not final:
            self._world.trouble.at_division(process)
        for reference in asked.references if about else ():
            account.told_no.setdefault(reference, []).append(process)
            named = parse_reference(reference)
            if named and not final:
                account.company[named.id] = (len(asked.letters) + 1) // 2
            elif named and about == "us":
                account.turned_away.add(named.id)
        return response

    def _is_final(self, account: Account, asked: Asked, refusal: str) -> bool:
        """Whether it can only mean each of the messages asked for."""
        return len(asked.letters) < 2 or refusal not in WORDS[account.kind].divisible

    async def _serve(self, account: Account, asked: Asked, how: str, answer: asyncio.Future[Said]) -> None:
        """At the vendor's: goes on whatever becomes of who asked."""
        await asyncio.sleep(self._dice.choice([0.005, 0.02, 0.1]))
        if how == "take late":
            account.lost.update(asked.references)
            await self._after(account, asked, self._dice.choice([0.5, 2.0, 9.0, 30.0]))
        if how == "late":
            await self._after(account, asked, self._dice.choice([1.5, 4.0, 20.0]))
        if asked.send:
            said = self._send(account, asked, how)
        elif asked.what:
            said = Said(self.keeping.answer(account, asked, how))
        else:
            said = Said(self._list(account, asked, how))
        if how == "answer late":
            account.lost.update(asked.references)
            await asyncio.sleep(TIMEOUT + 0.5)
        else:
            await asyncio.sleep(self._dice.choice([0.0, 0.01, 0.3]))
        if not answer.done() and not how.startswith("silence"):
            answer.set_result(said)

    async def _after(self, account: Account, asked: Asked, seconds: float) -> None:
        """On the way to the vendor; of what is about a reservation, by the vendor's clock, which leaps."""
        if not asked.keep and not asked.what:
            await asyncio.sleep(seconds)
            return
        ends = self._world.passed_time + seconds
        while (left := ends - self._world.passed_time) > 0:
            await asyncio.sleep(min(left, 0.5))

    def _send(self, account: Account, asked: Asked, how: str) -> Said:
        account.requests.update(asked.references)
        words = WORDS[account.kind]
        verb, _, what = how.partition(" ")
        account.login(how not in ("refuse 401", "login page"))
        if verb in ("refuse", "busy") or how == "login page":
            account.refused.update(asked.references)
            if what in ("lost", "page"):
                account.lost.update(asked.references)
            if verb == "busy":
                return Said(words.busy(self._dice))
            if self._remembers_refused and not account.blind:
                account.known.update(asked.references)
            if what == "page":
                return Said(httpx.Response(401, html=PAGE))
            return Said(None) if what == "lost" else self._refusal(account, asked, what)
        lost = verb in PAGES
        if lost:
            account.lost.update(asked.references)
        said = Said(words.accepted(self._dice))
        if what != "before":
            said = self._receive(account, asked, said, heard=not lost)
        return Said(self.broken(account, verb)) if lost else said

    def _refusal(self, account: Account, asked: Asked, code: str) -> Said:
        if self._is_final(account, asked, code):
            account.denied.update(asked.references)
        return Said(WORDS[account.kind].refused(code, self._dice), code)

    def _receive(self, account: Account, asked: Asked, said: Said, *, heard: bool) -> Said:
        """Takes it, and says so; unless it cannot."""
        if any(letter.to in self._world.bad for letter in asked.letters):
            self._world.count(f"vendor: bad receiver {'alone' if len(asked.letters) == 1 else 'in company'}")
            account.refused.update(asked.references)
            return self._refusal(account, asked, BAD_RECEIVER) if heard else said
        late = self.keeping.too_late(account, asked) if asked.keep else ""
        if late and not any(reference in account.known for reference in asked.references):
            self._world.count("vendor: too late to keep it")
            account.refused.update(asked.references)
            return self._refusal(account, asked, late) if heard else said
        for reference in asked.references:
            if reference in account.known and not account.blind:
                return Said(AICROSS.duplicate())
            if asked.keep:
                self.keeping.put(account, reference, asked)
            else:
                self.take(account, reference)
        return said

    def broken(self, account: Account, verb: str) -> httpx.Response | None:
        if verb == "page":
            return httpx.Response(self._dice.choice([500, 502, 503]), html=PAGE)
        garbage = WORDS[account.kind].garbage
        return httpx.Response(200, text=self._dice.choice(garbage)) if verb == "garbage" else None

    def _list(self, account: Account, asked: Asked, how: str) -> httpx.Response | None:
        if how == "error":
            return AICROSS.error()
        if how in PAGES:
            return self.broken(account, how)
        (reference,) = asked.references
        return AICROSS.listed(account.by_reference.get(reference), self._world.passed_time)

    # Receipts

    def take(self, account: Account, reference: str, unlisted: float | None = None) -> None:
        """`unlisted`: seconds that nobody finds it who asks."""
        now = self._world.passed_time
        if not account.named:
            account.taken.append(Taken(reference, "", len(account.taken), now, now))
            return
        fate, settles = self._draw(FATES), now + self._dice.choice([0.0, 1.0, 5.0])
        if unlisted is None:
            unlisted = 0.0 if self.calm else self._dice.choice([0.0, 0.0, 2.0])
        taken = Taken(
            reference,
            fate,
            len(account.taken),
            settles,
            now + unlisted,
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
