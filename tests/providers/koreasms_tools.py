"""A koreasms adapter, its simulated vendor, and the answer of the document's example."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from gateway.model.message import Content
from gateway.model.values import Secret
from gateway.providers.koreasms import TYPE, KoreaSMS, KoreaSMSSettings
from gateway.sandbox.koreasms import KST, KoreaSMSSimulator
from tests.providers.bench import Bench

BARE = {"base_url": "https://site.example.kr", "key": "abc+def/", "id": "shop", "sender": "02-1234-5678"}
TO = "+821012345678"
NOW = datetime(2018, 1, 23, 15, 0, 0, tzinfo=KST)

KoreaSMSBench = Bench[KoreaSMS, KoreaSMSSimulator]


def configured(**settings: Any) -> KoreaSMS:
    given = BARE | {"key": Secret(BARE["key"])} | settings
    return TYPE.build("korea", KoreaSMSSettings(**given))


def simulated(**options: Any) -> KoreaSMSBench:
    """A bench whose simulator has these options, and whose adapter has its separator. It always is `NOW`."""
    basics: dict[str, Any] = {"key": BARE["key"], "id": BARE["id"], "senders": ("0212345678", "15441234")}
    simulator = KoreaSMSSimulator(**basics | {"clock": lambda: NOW} | options)
    return Bench(simulator, lambda url: configured(base_url=url, separator=options.get("separator", " ")))


def content(**fields: Any) -> Content:
    return Content(**{"to": TO, "text": "hello", "encoding": "cp949", "characters": 5, "segments": 1} | fields)


def said(**fields: Any) -> str:
    return json.dumps({"result": True, "errorCode": 0, "msg": "성공", "balance": 646} | fields)


koreasms = configured()
