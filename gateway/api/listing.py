"""Listing a client's messages: newest first, filters combined, pages by an opaque cursor.

Days are walked backwards through the index of accepted ids; what a filter excludes is read and passed over, at most
`SCAN` of them a page, so that no query holds up others. A page may then be short and still have a next one. A batch has
an index of its own, which is walked instead.

No page skips or repeats what was there when the first was asked for: the indices only grow, at their end, and a cursor
is a place in one.
"""

from __future__ import annotations

import asyncio
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from gateway.accepting import MAX_AHEAD_MS
from gateway.api.schemas import MessageList, record_out
from gateway.errors import GatewayError, invalid
from gateway.model import phone
from gateway.model.ids import BATCH_PREFIX, created_ms, parse_public
from gateway.model.message import Record, Status
from gateway.settings import GatewaySection
from gateway.store.batches import Batches
from gateway.store.messages import DAY_MS, Store, claim_name

CHUNK = 100
SCAN = 2000

T = TypeVar("T")
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Moment = Annotated[datetime, Meta(tz=True)]


class ListQuery(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Filters combine."""

    client_tag: Name | None = None
    group_tag: Name | None = None
    batch_id: Name | None = None
    status: Status | None = None
    to: Annotated[str, Meta(min_length=1, max_length=32)] | None = None
    provider: Annotated[str, Meta(min_length=1, max_length=32)] | None = None
    created_from: Moment | None = None
    created_to: Moment | None = None
    cursor: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    client: Annotated[str, Meta(min_length=1, max_length=32)] | None = None


class Cursor(msgspec.Struct, array_like=True):
    """Where the next page starts: a day since 1970 (UTC), and how many of its ids are still to be looked at."""

    day: Annotated[int, Meta(ge=0, le=1_000_000)]
    left: Annotated[int, Meta(ge=0)]


Wanted = Callable[[Record | None], bool]


def read_cursor(cursor: str, schema: type[T]) -> T:
    """The place a cursor stands for. Raises `invalid_request`."""
    try:
        return msgspec.json.decode(urlsafe_b64decode(cursor.encode() + b"=="), type=schema)
    except (ValueError, msgspec.MsgspecError):
        raise no_cursor() from None


def no_cursor() -> GatewayError:
    return invalid("/cursor", "This cursor is not one that a page of this list answered.")


def write_cursor(cursor: msgspec.Struct | str) -> str:
    return urlsafe_b64encode(msgspec.json.encode(cursor)).rstrip(b"=").decode()


async def list_messages(
    store: Store, batches: Batches, client: str, asked: ListQuery, gateway: GatewaySection
) -> MessageList:
    """One page."""
    to = batch = None
    if asked.to is not None:
        try:
            to = phone.parse(asked.to, gateway.default_region)
        except phone.InvalidNumber as error:
            raise invalid("/to", str(error)) from None
    if asked.batch_id is not None:
        batch = parse_public(asked.batch_id, BATCH_PREFIX) or ""

    def wanted(record: Record | None) -> bool:
        return (
            record is not None
            and record.state.client == client
            and (asked.status is None or record.state.status == asked.status)
            and (asked.provider is None or record.state.provider == asked.provider)
            and (asked.client_tag is None or record.content.client_tag == asked.client_tag)
            and (asked.group_tag is None or record.content.group_tag == asked.group_tag)
            and (batch is None or record.content.batch == batch)
            and (to is None or record.content.to == to)
            and _within(record.id, asked)
        )

    if asked.client_tag is not None:
        if asked.cursor is not None:
            raise no_cursor()
        return page([record for record in await of_tag(store, client, asked.client_tag) if wanted(record)], None)
    if batch is not None:
        return await _of_batch(store, batches, batch, asked, wanted)
    return await _of_client(store, client, asked, gateway, wanted)


async def of_tag(store: Store, client: str, tag: str) -> list[Record]:
    """The client's message of this clientTag, if any."""
    lane = await store.known_lane(client)
    id_ = await store.claimed(lane, claim_name(client, "tag", tag)) if lane else None
    record = await store.read(id_) if id_ else None
    return [record] if record else []


async def _of_batch(store: Store, batches: Batches, id_: str, asked: ListQuery, wanted: Wanted) -> MessageList:
    before = read_cursor(asked.cursor, str) if asked.cursor else None
    batch = await batches.read(id_) if id_ else None
    # In the order of their ids, which is that of the items: some are accepted a little out of it.
    ids = sorted(batch.ids, reverse=True) if batch else []
    ids = [each for each in ids if (before is None or each < before) and _within(each, asked)]
    items: list[Record] = []
    for begin in range(0, len(ids), CHUNK):
        for record in await store.read_many(ids[begin : begin + CHUNK]):
            if record is not None and wanted(record):
                items.append(record)
                if len(items) == asked.limit:
                    return page(items, record.id)
    return page(items, None)


async def _of_client(
    store: Store, client: str, asked: ListQuery, gateway: GatewaySection, wanted: Wanted
) -> MessageList:
    start = read_cursor(asked.cursor, Cursor) if asked.cursor else None
    lane = await store.known_lane(client)
    if lane is None:
        return MessageList([], None)
    now = store.clock.now()
    newest = now // DAY_MS
    oldest = newest - gateway.retention_days - 2 * MAX_AHEAD_MS // DAY_MS - 8
    if asked.created_to:
        newest = min(newest, up_ms(asked.created_to) // DAY_MS)
    if asked.created_from:
        oldest = max(oldest, up_ms(asked.created_from) // DAY_MS)
    if start:
        newest = min(newest, start.day)
    days = range(newest, max(oldest, 0) - 1, -1)
    lengths = await asyncio.gather(*(store.day_length(lane, client, day) for day in days))
    items: list[Record] = []
    scanned = 0
    for day, length in zip(days, lengths, strict=True):
        end = min(length, start.left) if start and start.day == day else length
        while end > 0:
            begin = max(0, end - CHUNK)
            ids = await store.day(lane, client, day, begin, end - 1)
            records = await store.read_many([id_ for id_ in ids if _within(id_, asked)])
            by_id = {record.id: record for record in records if record is not None and wanted(record)}
            for position in range(len(ids) - 1, -1, -1):
                if record := by_id.get(ids[position]):
                    items.append(record)
                    if len(items) == asked.limit:
                        return page(items, Cursor(day, begin + position))
            scanned += len(ids)
            end = begin
            if scanned >= SCAN:
                return page(items, Cursor(day, end))
    return page(items, None)


def page(items: list[Record], cursor: msgspec.Struct | str | None) -> MessageList:
    """One page, and the place where the next one starts; None: there is none."""
    return MessageList([record_out(record, events=False) for record in items], write_cursor(cursor) if cursor else None)


def _within(id_: str, asked: ListQuery) -> bool:
    created = created_ms(id_)
    return (asked.created_from is None or created >= up_ms(asked.created_from)) and (
        asked.created_to is None or created < up_ms(asked.created_to)
    )


def up_ms(moment: datetime) -> int:
    """In ms since 1970; what is finer counts as the next one."""
    return math.ceil(moment.timestamp() * 1000)


def bound(moment: datetime | None) -> int | None:
    """As `up_ms`, of what may be left out."""
    return None if moment is None else up_ms(moment)
