"""A koreasms adapter to ask, and the answer of the document's example."""

from __future__ import annotations

import json
from typing import Any

from gateway.model.message import Content
from gateway.model.values import Secret
from gateway.providers.koreasms import TYPE, KoreaSMS, KoreaSMSSettings

BARE = {"base_url": "https://site.example.kr", "key": "abc+def/", "id": "shop", "sender": "02-1234-5678"}
TO = "+821012345678"


def configured(**settings: Any) -> KoreaSMS:
    given = BARE | {"key": Secret(BARE["key"])} | settings
    return TYPE.build("korea", KoreaSMSSettings(**given))


def content(**fields: Any) -> Content:
    return Content(**{"to": TO, "text": "hello", "encoding": "cp949", "characters": 5, "segments": 1} | fields)


def said(**fields: Any) -> str:
    return json.dumps({"result": True, "errorCode": 0, "msg": "성공", "balance": 646} | fields)


koreasms = configured()
