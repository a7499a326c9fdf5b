"""What is written of AI CROSS in docs/vendors/aicross.md is complete and proved, and what it says of TLS."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.providers.aicross import codes
from gateway.sandbox.aicross_calls import CALLS
from gateway.transport import Transport
from tests.test_transport import CERTIFICATE, HELLO, PLAIN, answers, exchange, serve

ROOT = Path(__file__).parents[2]
CODES = {
    "mt.json": (0, 100, 110, 120, 300, 400, 500),
    "checkreservation.json": (0, 100, 110, 120, 130, 140, 500),
    "cancelreservation.json": (0, 100, 110, 120, 130, 500),
    "cancelreservationall.json": (0, 100, 110, 500),
    "status.json": (0, 100, 110, 120, 500),
    "shortenurl.json": (0, 100, 110, 120, 500),
    "template.json": (0, 100, 110, 500),
    "numbercleaning.json": (0, 1, 100, 110, 500),
    "separatedsuccesscount.json": (0, 100, 110, 500),
}
"""The result codes the document lists for each of its calls."""


class Row(NamedTuple):
    what: str
    section: str
    meaning: str
    does: str
    proof: str


def rows() -> Iterator[Row]:
    for line in (ROOT / "docs/vendors/aicross.md").read_text().splitlines():
        if line.startswith("|") and not line.startswith(("| what |", "|---")):
            yield Row(*(cell.strip() for cell in line.strip("|").split("|")))


def test_every_call_parameter_and_code_has_a_row() -> None:
    written = [row.what for row in rows()]
    assert len(written) == len(set(written))
    wanted = [f"`{call}` {code}" for call, listed in CODES.items() for code in listed]
    for path, call in CALLS.items():
        name = path.rpartition("/")[2]
        wanted += [f"`{name}`", *(f"`{name}` `{parameter}`" for parameter in (*call.required, *call.optional))]
    wanted += [f"status id {id_}" for id_ in codes.STATES]
    wanted += [f"module {module}" for module in codes.MODULES]
    wanted += [f"class {category}" for category in codes.CLASSES]
    assert not set(wanted) - set(written)


def test_every_class_has_the_reason_the_code_has() -> None:
    written = {row.what: row.does for row in rows()}
    for category, (reason, _) in codes.CLASSES.items():
        assert written[f"class {category}"] == f"`{reason}`"


@pytest.mark.anyio
async def test_a_vendor_that_speaks_tls_1_2_only_is_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted = tmp_path / "certificate.pem"
    trusted.write_text(CERTIFICATE)
    serving = ssl.create_default_context

    def old(purpose: ssl.Purpose) -> ssl.SSLContext:
        context = serving(purpose)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context

    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    transport = Transport()
    monkeypatch.setattr(ssl, "create_default_context", old)
    async with serve(answers(PLAIN), tls=True) as vendor:
        assert await exchange(transport, vendor.url) == HELLO
        spoken = vendor.lines[0].writer.get_extra_info("ssl_object").version()
        await transport.close()
    assert spoken == "TLSv1.2"
