"""What vendors push: parsed once, applied to the message, verification or activation it is about; kept where it
matches none, and read again until it does."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from hashlib import sha256
from urllib.parse import parse_qsl, unquote_plus, urlencode

import structlog

from gateway import faults
from gateway.activating import Activating
from gateway.errors import UnreadableCallback
from gateway.metrics import Metrics
from gateway.model import verification
from gateway.model.ids import parse_reference
from gateway.model.receipt import Push, Receipt
from gateway.model.voice import Notice, Proof
from gateway.provider import Callback, Provider
from gateway.proving import Proving
from gateway.recording import Recorder
from gateway.store.orphans import About, Kept, Orphan, Orphans

log = structlog.get_logger()

PUSH_AT_MOST = 8 << 10
"""Bytes kept of a push that matches nothing."""
SWEPT, NEWEST = 400, 100
"""Orphans that a sweep reads again: so many from where the last one ended, and so many of the newest."""
DAY_MS, HOUR_MS = 86_400_000, 3_600_000

_CODE_FIELD = "authcode"
_TYPE_AT_MOST = 256
_NO_BYTES = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Halves of characters that no bytes stand for."""


class Receipts:
    """Takes in what vendors push. What was said is durable when `take_in` returns."""

    def __init__(
        self, recorder: Recorder, proving: Proving, activating: Activating, orphans: Orphans, metrics: Metrics
    ) -> None:
        self._recorder = recorder
        self._proving = proving
        self._activating = activating
        self._orphans = orphans
        self._metrics = metrics
        self._swept = 0
        self._since = 0
        self._whole_at = 0

    async def take_in(self, provider: Provider, callback: Callback) -> int:
        """How many words the callback held. Raises `UnreadableCallback`, or `StoreUnavailable`: then the vendor is to
        send it again, and what was applied already is not applied twice."""
        proofs, notices, words = _read(provider, callback)
        await faults.point("receipt.before")
        strays: list[tuple[Receipt, About]] = []
        for proof in proofs:
            if not self._count(provider, await self._proving.prove(provider, proof)):
                strays.append((_orphan(proof), "verification"))
        for notice in notices:
            if not self._count(provider, await self._activating.notified(provider, notice)):
                strays.append((_nameless(notice), "activation"))
        for word in words:
            if not self._count(provider, await self._apply(provider, word)):
                strays.append((word, "message"))
        if strays:
            push = kept(callback, [proof.code for proof in proofs if proof.code])
            for word, about in strays:
                hopeful = _hopeful(about, word, push)
                await self._orphans.keep(
                    provider.account, word, type=provider.type, about=about, push=push, hopeful=hopeful
                )
                log.warning("orphan receipt", provider=provider.name, provider_code=word.provider_code)
        await faults.point("receipt.after")
        return len(proofs) + len(notices) + len(words)

    async def sweep(self, providers: Mapping[str, Provider]) -> None:
        """Reads orphans again, the newest first, and applies those that match something by now: `SWEPT` and `NEWEST`
        of them at most. Those of a day have their turn one after another, call by call, and once an hour older ones
        after them. Raises `StoreUnavailable`; what was applied then is not applied twice."""
        now = await self._orphans.now()
        newest: list[Kept] = []
        if self._swept:
            newest = await self._orphans.hopeful(0, NEWEST, self._since)
        elif now - self._whole_at >= HOUR_MS:
            self._whole_at, self._since = now, 0
        else:
            self._since = now - DAY_MS
        turn = await self._orphans.hopeful(self._swept, SWEPT, self._since)
        found = {each.member: each for each in (*newest, *turn)}
        matched = await self._match(providers, list(found.values()))
        self._swept = self._swept + SWEPT - matched if len(turn) == SWEPT else 0

    async def orphans(
        self, providers: Mapping[str, Provider], number: int, before: int | None = None
    ) -> tuple[list[Orphan], int | None]:
        """Up to `number`, newest first, all before the place `before`, without those of them that match something by
        now; and the place where the next ones begin, None where there are none. Raises `StoreUnavailable`."""
        found = await self._orphans.newest(number, before)
        following = found[-1].place if len(found) == number else None
        left = [each for each in found if not await self._match(providers, [each])]
        return [each.orphan for each in left], following

    async def _match(self, providers: Mapping[str, Provider], orphans: Sequence[Kept]) -> int:
        """How many matched. They are orphans no more."""
        matched = 0
        for _, member, orphan in orphans:
            provider = _source(providers, orphan)
            if provider is not None and await self._again(provider, orphan):
                await self._orphans.drop([member])
                matched += 1
                log.info("orphan receipt matched", provider=provider.name, about=orphan.about)
        return matched

    async def _again(self, provider: Provider, orphan: Orphan) -> bool:
        word, push = orphan.receipt, orphan.push
        if not _hopeful(orphan.about, word, push):
            return False
        try:
            again = _read(provider, _callback(push)) if push and push.whole else NOTHING
        except UnreadableCallback:  # the provider has changed its mind
            again = NOTHING
        proofs, notices, words = again
        if orphan.about == "verification":
            about = [proof for proof in proofs if proof.reference == word.reference]
            return any([await self._proving.prove(provider, proof) for proof in about])
        if orphan.about == "activation":
            # By its name alone: one that was set off later must not get the name of another.
            named = [notice for notice in notices if notice.activation_id == word.reference]
            known = bool(named) and await self._activating.of(provider, word.reference) is not None
            return known and any([await self._activating.notified(provider, notice) for notice in named])
        same = [each for each in words if each.reference == word.reference]
        return any([await self._apply(provider, each) for each in same or [word]])

    def _count(self, provider: Provider, matched: bool) -> bool:
        self._metrics.add("gateway_receipts_total", provider=provider.name, matched=str(matched).lower())
        return matched

    async def _apply(self, provider: Provider, word: Receipt) -> bool:
        named = parse_reference(word.reference)
        if named is not None:
            return await self._recorder.receipt(named.id, named.generation, word, provider)
        # A text that went with a call may be reported on too: what counts of that is the call.
        return await self._proving.knows(provider, word.reference)


Said = tuple[tuple[Proof, ...], tuple[Notice, ...], tuple[Receipt, ...]]
NOTHING: Said = (), (), ()


def _read(provider: Provider, callback: Callback) -> Said:
    """Raises `UnreadableCallback`."""
    proofs, notices = provider.proofs(callback), provider.notices(callback)
    return proofs, notices, provider.receipts(callback) if provider.capabilities.delivery_reports else ()


def _source(providers: Mapping[str, Provider], orphan: Orphan) -> Provider | None:
    """A provider of the account that it came from."""
    for each in providers.values():
        if each.account == orphan.account and orphan.type in ("", each.type):
            return each
    return None


def _hopeful(about: About, word: Receipt, push: Push | None) -> bool:
    """Whether it may match later. What tells nothing but a number does not: who asks for a verification after the call
    is not verified by it. Nor does what told a code, which is not kept."""
    if push and push.code_dropped:
        return False
    if about == "message":
        return bool(parse_reference(word.reference) or verification.parse_reference(word.reference))
    if push is None or push.cut:
        return False
    return about == "activation" or verification.parse_reference(word.reference) is not None


def _orphan(proof: Proof) -> Receipt:
    """Without the number and the code."""
    told = sha256(f"{proof.method}\n{proof.reference}\n{proof.number}".encode()).hexdigest()[:12]
    return Receipt(reference=proof.reference, identity=told, detail=f"a {proof.method} that nobody waits for")


def _nameless(notice: Notice) -> Receipt:
    return Receipt(reference=notice.activation_id, identity="activation", detail="an activation that nobody waits for")


def kept(callback: Callback, codes: Sequence[str] = ()) -> Push:
    """What is kept of a push: `PUSH_AT_MOST` bytes, without codes (`codes`, and what is called one)."""
    written = [(_bytes(name), _bytes(value)) for name, value in callback.query]
    said, query, body = urlencode(written), *_cut(callback.content_type, urlencode(written), callback.body)
    size = len(callback.content_type) + len(said) + len(callback.body)
    cut = len(query) < len(said) or len(body) < len(callback.body) or len(callback.content_type) > _TYPE_AT_MOST
    told = False
    if _tells(query, codes):
        query, told = _without_codes(query, codes)
    text = body.decode("latin-1")
    if _tells(text, codes):
        text, dropped = _without_codes(text, codes)
        query, body = _cut(callback.content_type, query, text.encode("latin-1"))
        told, cut = told or dropped, cut or len(body) < len(text)
    content_type = "" if _tells(callback.content_type, codes) else callback.content_type[:_TYPE_AT_MOST]
    return Push(callback.kind, query, content_type, body, size, cut, told)


def _cut(content_type: str, query: str, body: bytes) -> tuple[str, bytes]:
    room = PUSH_AT_MOST - min(len(content_type), _TYPE_AT_MOST)
    return query[:room], body[: max(room - len(query), 0)]


def _without_codes(written: str, codes: Sequence[str]) -> tuple[str, bool]:
    """A form without its codes, or nothing where they are in it otherwise; and whether there were any."""
    pairs = parse_qsl(written, keep_blank_values=True, encoding="latin-1")
    left = urlencode([pair for pair in pairs if not _tells(pair[0], codes)], encoding="latin-1")
    if _tells(left, codes):
        return "", True
    # One that is empty says nothing.
    return left, any(value or name.strip().casefold() != _CODE_FIELD for name, value in pairs if _tells(name, codes))


def _tells(written: str, codes: Sequence[str]) -> bool:
    """Whether a code is in it, or may be: one of `codes`, or something that is called one."""
    plain = written
    for _ in range(3):
        plain = unquote_plus(plain)
    # A body is held as bytes, a character each: what they say in UTF-8 counts too.
    plain += plain.encode("latin-1", "replace").decode("utf-8", "replace")
    plain = unicodedata.normalize("NFKC", plain).casefold()
    return _CODE_FIELD in "".join(filter(str.isalnum, plain)) or any(code in plain for code in codes)


def _bytes(written: str) -> bytes:
    return _NO_BYTES.sub("?", written).encode("utf-8", "surrogateescape")


def _callback(push: Push) -> Callback:
    query = parse_qsl(push.query, keep_blank_values=True, errors="surrogateescape")
    return Callback(kind=push.kind, query=tuple(query), content_type=push.content_type, body=push.body)
