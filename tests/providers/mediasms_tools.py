"""MediaSMS adapters, their simulated vendor, messages for them, and what they make of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

from gateway import routing
from gateway.model.message import Content
from gateway.model.receipt import Receipt
from gateway.model.values import Secret
from gateway.model.voice import Call, Proof
from gateway.provider import Callback, Misfit, SendOutcome, VendorAnswer
from gateway.providers.mediasms import TYPE, MediaSMS, MediaSMSSettings
from gateway.sandbox.mediasms import MediaSMSSimulator
from tests.providers.bench import FORM, Bench

REFERENCE = "01jd0a1b2c3d4e5f6g7h8j9k0mg1"
CALLED = "01jd0a1b2c3d4e5f6g7h8j9k0mv1"
"""Names a call as `REFERENCE` does a message."""
USER, PASSWORD = "shop", "pass:wörd"
IVR = "05012345678"
LANDLINE = "+81312345678"

MediaSMSBench = Bench[MediaSMS, MediaSMSSimulator]


def configured(**settings: Any) -> MediaSMS:
    return TYPE.build("media", MediaSMSSettings(**{"username": USER, "password": Secret(PASSWORD)} | settings))


mediasms = configured()
long = configured(long_text=True)
abroad = configured(overseas=True)
calling = configured(ivr_number=IVR)


def simulated(**options: Any) -> MediaSMSBench:
    """A bench whose simulator has these options, and whose adapter calls, and sends long texts and abroad. Its clock
    stands still. Results are pushed; of calls see `pushing_calls`."""
    quick: dict[str, Any] = {"delay": 0.04, "late": 0.6, "repeat_after": 0.01, "clock": lambda: 0.0, "ivr_number": IVR}
    simulator = MediaSMSSimulator(username=USER, password=PASSWORD, **(quick | options))
    settings: dict[str, Any] = {"overseas": True, "long_text": True, "ivr_number": IVR}
    return Bench(simulator, lambda url: configured(base_url=url, **settings), pushes="delivery")


@asynccontextmanager
async def pushing_calls(**options: Any) -> AsyncIterator[MediaSMSBench]:
    """As `simulated`; what becomes of calls is pushed too."""
    async with simulated(**options) as bench:
        assert bench.simulator.callback_url
        bench.simulator.ivr_url = bench.simulator.callback_url.replace("/delivery", "/ivr")
        yield bench


async def answered(bench: MediaSMSBench, verb: str = "POST", **fields: str | None) -> str:
    """The code answered to a request with these fields changed, None leaving one out."""
    basics = {"mobilenumber": "09012345678", "smstext": "hello", "status": "1", "smsid": "a1", "method": "1"}
    given = {name: value for name, value in (basics | fields).items() if value is not None}
    where = {"params": given} if verb == "GET" else {"data": given}
    answer = await bench.client.request(verb, bench.simulator.base_url, auth=(USER, PASSWORD), **where)
    assert answer.status_code == 200
    return answer.text


def content(*, text_au: str | None = None, **fields: Any) -> Content:
    basics = {"to": "+819012345678", "text": "hello", "encoding": "gsm7", "characters": 5, "segments": 1}
    options = {} if text_au is None else {"options": {"mediasms": {"textAu": text_au}}}
    return Content(**basics | options | fields)


def templated(id_: str, **fields: Any) -> Content:
    return content(**{"text": "", "template": id_, "characters": 0, "segments": 0} | fields)


def misfit(asked: Content, provider: MediaSMS = mediasms) -> Misfit | None:
    """As the gateway finds it, capabilities first."""
    return routing.misfit(provider, asked)


def refused(asked: Content, provider: MediaSMS = mediasms) -> tuple[str, str]:
    """Code and pointer of a misfit."""
    found = misfit(asked, provider)
    assert found
    return found.code, found.pointer


def form(asked: Content, provider: MediaSMS = mediasms) -> dict[str, str]:
    """The fields of the request, each once."""
    fields = parse_qs(provider.send_request(asked, REFERENCE).body.decode(), strict_parsing=True)
    assert all(len(values) == 1 for values in fields.values())
    return {name: value for name, (value,) in fields.items()}


def sent(body: bytes | str, status: int = 200) -> SendOutcome:
    return mediasms.send_outcome(VendorAnswer(status, body.encode() if isinstance(body, str) else body, "text/html"))


def pushed(status: str, smsid: str = REFERENCE, encoding: str = "utf-8", **fields: str) -> Receipt:
    body = urlencode({"smsid": smsid, "status": status} | fields, encoding=encoding).encode()
    (receipt,) = mediasms.receipts(Callback(kind="delivery", body=body, content_type=FORM))
    return receipt


def call_in(number: str = "+819012345678", **fields: Any) -> Call:
    return Call(**{"method": "call_in", "number": number, "lines": "mobile", "minutes": 10} | fields)


def call_out(number: str = "+819012345678", **fields: Any) -> Call:
    return Call(**{"method": "call_out", "number": number, "lines": "mobile", "minutes": 10, "rings": 5} | fields)


def call_form(call: Call, provider: MediaSMS = calling) -> dict[str, str]:
    """The fields of the request, each once."""
    pairs = parse_qsl(provider.call_request(call, CALLED).body.decode(), strict_parsing=True, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


async def ask(bench: MediaSMSBench, call: Call, reference: str = CALLED) -> SendOutcome:
    """Raises what the transport raises."""
    return bench.adapter.send_outcome(await bench.exchange(bench.adapter.call_request(call, reference)))


async def proofs(bench: MediaSMSBench, count: int = 1) -> list[Proof]:
    """What the pushes say, once `count` came and none more."""
    await bench.receipts(count)
    return [proof for push in bench.pushed for proof in bench.adapter.proofs(push)]


def call_push(kind: str = "ivr", how: str = "POST", encoding: str = "utf-8", **fields: str) -> Callback:
    """A push as the gateway's server hands it on."""
    encoded = urlencode(fields, encoding=encoding)
    if how == "POST":
        return Callback(kind=kind, body=encoded.encode(), content_type=FORM)
    return Callback(kind=kind, query=tuple(parse_qsl(encoded, keep_blank_values=True, errors="surrogateescape")))
