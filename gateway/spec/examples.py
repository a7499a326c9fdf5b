"""Bodies the document shows. A test holds each against its schema."""

from __future__ import annotations

from typing import Any

from gateway.spec.words import E164_EXAMPLE

ID = "msg_01m7v41f004fj4erxpyf6g76zx"
REQUEST_ID = "req_5f0c1d9be2a7446c8d3a9e01"
_TEXT = "Your code is 123456"

SEND: dict[str, tuple[str, Any]] = {
    "simple": ("A text, now", {"to": E164_EXAMPLE, "text": "Hello"}),
    "code": (
        "A one-time code: first in line, pointless after five minutes, safe to repeat",
        {
            "to": E164_EXAMPLE,
            "text": _TEXT,
            "clientTag": "login-4711",
            "priority": "high",
            "expiresAt": "2026-11-20T00:05:00Z",
        },
    ),
    "template": (
        "A text from the configuration, with its holes filled",
        {"to": "090-1234-5678", "template": {"id": "welcome", "values": {"name": "Hanako"}}, "groupTag": "welcome"},
    ),
    "reservation": (
        "Later, in the recipient's morning",
        {
            "to": E164_EXAMPLE,
            "text": "We are open from ten today.",
            "sendAt": "2026-11-21T09:00:00+09:00",
            "groupTag": "opening",
            "metadata": {"shop": "Shibuya"},
        },
    ),
}

QUEUED: dict[str, Any] = {
    "id": ID,
    "status": "queued",
    "final": False,
    "to": E164_EXAMPLE,
    "text": _TEXT,
    "clientTag": "login-4711",
    "expiresAt": "2026-11-20T00:05:00Z",
    "priority": "high",
    "provider": "main",
    "segments": {"encoding": "gsm7", "characters": 19, "count": 1},
    "reason": None,
    "createdAt": "2026-11-20T00:00:00Z",
    "updatedAt": "2026-11-20T00:00:00Z",
}
SUBMITTED = QUEUED | {"status": "submitted", "updatedAt": "2026-11-20T00:00:00.210000Z"}
CANCELED = QUEUED | {"status": "canceled", "final": True, "updatedAt": "2026-11-20T00:00:01Z"}
_DONE = QUEUED | {
    "status": "delivered",
    "final": True,
    "billedSegments": 1,
    "carrier": "docomo",
    "updatedAt": "2026-11-20T00:00:04Z",
}
DELIVERED = _DONE | {
    "events": [
        {"at": "2026-11-20T00:00:00Z", "status": "queued"},
        {"at": "2026-11-20T00:00:00.015000Z", "status": "submitting", "provider": "main"},
        {"at": "2026-11-20T00:00:00.210000Z", "status": "submitted", "provider": "main", "providerCode": "0"},
        {"at": "2026-11-20T00:00:04Z", "status": "delivered", "provider": "main", "providerCode": "2"},
    ],
}
ERASED = {name: value for name, value in _DONE.items() if name != "metadata"} | {"to": "", "text": ""}
SCHEDULED = QUEUED | {
    "status": "scheduled",
    "sendAt": "2026-11-21T00:00:00Z",
    "heldBy": "gateway",
    "cancelableUntil": "2026-11-21T00:00:00Z",
    "expiresAt": "2026-11-22T00:00:00Z",
}
LISTED = {"items": [_DONE], "nextCursor": None}

ME = {"client": "shop", "scopes": ["read", "send"]}
ALIVE = {"status": "ok"}
READY = {
    "status": "ok",
    "store": {
        "reachable": True,
        "detail": "Redis is persistent and does not evict.",
        "survives": "power_loss",
        "eviction": "off",
        "version": "9.1.2",
        "usedMemory": 4_194_304,
        "maxMemory": 2_147_483_648,
    },
    "providers": {"main": {"health": "closed"}, "spare": {"health": "paused", "detail": "An operator paused it."}},
}
ORPHANS = {
    "items": [
        {
            "account": "vendor/1234",
            "providerType": "vendor",
            "kind": "dlr",
            "receivedAt": "2026-11-20T00:00:04Z",
            "reference": "order-17",
            "outcome": "delivered",
            "providerCode": "2",
            "carrier": "docomo",
            "billedSegments": 1,
            "reportedAt": "2026-11-20T00:00:03Z",
            "push": {
                "size": 412,
                "fields": [
                    {"name": "clientTag", "value": "order-17"},
                    {"name": "phoneNumber", "value": "***********78"},
                ],
                "others": 5,
                "cut": False,
                "codeDropped": False,
            },
        }
    ],
    "nextCursor": None,
}

EXPLAINED: dict[str, Any] = {
    "chosen": "main",
    "passedOver": [{"provider": "korea", "code": "not_routed", "detail": "no route leads this message to it"}],
    "segments": {
        "main": {"encoding": "gsm7", "characters": 19, "count": 1},
        "media": {"encoding": "cp932", "characters": 19, "count": 1},
    },
    "guarantee": "deduplicated",
    "reservation": None,
    "warnings": ["the carrier hint is dropped: main has no id for ymobile"],
}

PARAMETERS: dict[tuple[str, str], object] = {
    ("", "client"): "shop",
    ("", "clientTag"): "login-4711",
    ("", "createdFrom"): "2026-11-20T00:00:00Z",
    ("", "createdTo"): "2026-11-21T00:00:00+09:00",
    ("", "cursor"): "WzIwNzc3LDQwXQ",
    ("", "from"): "2026-11-20T00:00:00Z",
    ("", "groupTag"): "spring-sale",
    ("", "latest"): True,
    ("", "limit"): 50,
    ("", "provider"): "main",
    ("", "refresh"): True,
    ("", "rule"): "fire",
    ("", "status"): "delivered",
    ("", "to"): "2026-11-22T00:00:00+09:00",
    ("EventQuery", "after"): "evt_01m7v41f0000004j5k6m7n8p",
    ("ListQuery", "to"): "+819012345678",
    ("ReservationQuery", "cursor"): "WzE3OTUxMzI4MDAwMDAsIjAxbTd2NDFmMDA0Zmo0ZXJ4cHlmNmc3Nnp4Il0",
    ("OrphanQuery", "cursor"): "1795132800000",
}
"""Query parameters by name; where one means something else, with the name of its query."""
