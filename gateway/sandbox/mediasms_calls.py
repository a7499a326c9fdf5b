"""Calls of the simulated MediaSMS: what is pushed of one, and whether there is time for it.

Method 2 and 4: the number's owner calls in, and the document's IVR push says so, once. Method 5: the vendor calls and
reads out a code, and pushes it as `authcode`, which the document names in a note and no list.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from gateway.sandbox.mediasms_letter import CALL_OUT, IVR_PARAMETERS, PARAMETERS

PUSH_TIMEOUT = 10.0
"""Seconds a receiver has to answer a push. Undocumented."""


def code(number: str) -> str:
    """What is read out to a number: its last six digits, for everybody in the sandbox to know."""
    return number[-6:]


def in_time(fields: Mapping[str, str], after: float) -> bool:
    """Whether a call so many seconds after its request counts. Without a holding time, which only method 5 requires,
    it always does."""
    minutes = fields.get("holdingtime")
    return minutes is None or after <= int(minutes) * 60


def proof(fields: Mapping[str, str], *, smsid: bool) -> dict[str, str]:
    """The IVR push about a request: what it said, empty where it did not, with its smsid where one is echoed; of a
    call out the code."""
    names = (*IVR_PARAMETERS, "smsid") if smsid else IVR_PARAMETERS
    echoed = {name: fields.get(name, "") for name in names}
    return echoed | ({"authcode": code(fields["mobilenumber"])} if fields["method"] == CALL_OUT else {})


def result(fields: Mapping[str, str], status: str) -> dict[str, str]:
    """The push of a call out among the results of messages, with its code."""
    echoed = {name: fields.get(name, "") for name in PARAMETERS}
    return echoed | {"status": status, "authcode": code(fields["mobilenumber"])}


async def get(url: str, body: bytes, content_type: str) -> int:
    """Carries a push by GET: the form as the query of the URL."""
    async with httpx.AsyncClient(timeout=PUSH_TIMEOUT, trust_env=False) as client:
        return (await client.get(f"{url}?{body.decode()}")).status_code
