"""Calls by which a number is verified (the document's IVR): what is asked for, and what is pushed about them.

Methods of the sending API: 2 and 4 wait for a call of the number's owner, with a text sent to it and without; 5 calls
the number and reads a code out, which comes back as `authcode`. 6 and 7 are listed without a meaning: never sent, and
no method of a push.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from gateway.errors import UnreadableCallback
from gateway.model import phone
from gateway.model.ids import parse_reference
from gateway.model.voice import Call, Proof
from gateway.providers.mediasms import wire

CAREERS = {"mobile": "", "landline": "a", "any": "b"}
"""`mobilecareer` of a call: which numbers may be verified by it. Mobiles where there is none."""
CALLS_IN, CALL_OUT = ("2", "4"), "5"

_NO_MOBILE = re.compile(r"\+81([1-9][0-9]{8,9})")
"""10 or 11 digits as dialled in Japan; `wire.receiver` has taken the mobiles out before."""
_CODE = re.compile(r"[0-9]{1,20}")
_REFERENCE_AT_MOST = 200
_READ = ("smsid", "mobilenumber", "method", "authcode")


def mobile(number: str) -> bool:
    """Whether the E.164 number is one that a text can be sent to."""
    return bool(wire.receiver(number, None, abroad=False))


def dialled(call: Call) -> str:
    """The call's number as dialled in Japan; "" where it is not of the lines that the call is for, nor Japanese."""
    receiver = wire.receiver(call.number, None, abroad=False)
    if receiver:
        return "" if call.lines == "landline" else receiver["mobilenumber"]
    match = _NO_MOBILE.fullmatch(call.number)
    return f"0{match[1]}" if match and call.lines != "mobile" else ""


def fields(call: Call, reference: str, ivr_number: str) -> dict[str, str]:
    """What asks for a call that is no misfit."""
    career = CAREERS[call.lines]
    asked = {"mobilenumber": dialled(call)} | ({"mobilecareer": career} if career else {})
    asked |= {"status": "1", "smsid": reference}  # without these two no code is ever pushed
    if call.method == "call_out":
        asked |= {"method": CALL_OUT, "repeatcall": str(call.rings)}
    elif call.text:
        asked |= {"method": "2", "smstext": call.text}
    else:
        asked["method"] = "4"
    return asked | {"iphone": ivr_number, "holdingtime": str(call.minutes)}


def proof(kind: str, pushed: Mapping[str, str]) -> Proof | None:
    """What a push (`wire.fields`) says of a number; None where it says nothing of one.

    `ivr`: that its owner called in, or the code that was read out. `delivery`: a code at most, and never about a
    message of ours. The document promises no smsid in an IVR push: the number tells where there is none. One that is
    not ours is told too, for an account may be shared. Raises UnreadableCallback where neither is usable, where what
    is read is said twice with different values, and for a method or a code that cannot be.
    """
    smsid = pushed.get("smsid", "")
    if kind == "delivery" and ("authcode" not in pushed or parse_reference(smsid)):
        return None
    for name in _READ:
        if pushed.get(name) == "":
            raise UnreadableCallback(f"{name} twice, with different values")
    method, code = (unicodedata.normalize("NFKC", pushed.get(name, "")) for name in ("method", "authcode"))
    if method not in ("", *CALLS_IN, CALL_OUT):
        raise UnreadableCallback("a method that is none of a call")
    if code and not _CODE.fullmatch(code):
        raise UnreadableCallback("an authcode that is not 1 to 20 digits")
    reference = smsid.strip().lower()
    if len(reference) > _REFERENCE_AT_MOST or not reference.isprintable():
        raise UnreadableCallback("no usable smsid in it")
    number = _number(pushed.get("mobilenumber", ""))
    if not reference and not number:
        raise UnreadableCallback("no usable smsid nor mobilenumber in it")
    # The method is the request's, so it says what the push is about even where a code comes with it.
    if method in CALLS_IN or not (method or code):
        texted = {"2": True, "4": False}.get(method)
        return Proof(method="call_in", reference=reference, number=number, texted=texted) if kind == "ivr" else None
    return Proof(method="call_out", reference=reference, number=number, code=code) if code else None


def _number(written: str) -> str:
    """E.164 of a number as the vendor writes it; "" where it is none. Within Japan numbers begin with 0: one that
    begins with 81 has lost its plus on the way, as a blank of a form."""
    plain = unicodedata.normalize("NFKC", written).strip()
    try:
        return phone.parse_any(f"+{plain}" if plain.startswith("81") else plain, "JP")
    except phone.InvalidNumber:
        return ""
