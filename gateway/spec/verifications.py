"""Verifying numbers in the document: its operations, and the words for its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.api.messages import ClientQuery
from gateway.api.verification_schemas import (
    CallInIn,
    CallOutIn,
    CheckIn,
    CheckOut,
    OwnerIn,
    OwnerOut,
    SmsCodeIn,
    VerificationOut,
)
from gateway.errors import Code
from gateway.model.codes import USUAL
from gateway.model.verification import TRIES
from gateway.spec import examples
from gateway.spec.entry import ACCEPTING, Answer, OneOf, Operation, Parameter, idempotency_key
from gateway.spec.words import E164_EXAMPLE, ID_PATTERN, Extra
from gateway.verifying import PREFIX

ID = f"{PREFIX}01m7v41f00vfj4erxpyf6g76zx"
VERIFICATION_PATTERN = ID_PATTERN.replace("msg_", PREFIX)


def _field(description: str, **more: Any) -> dict[str, Any]:
    return {"description": description, **more}


_NUMBER = _field("E.164, or national in the gateway's region.", examples=[E164_EXAMPLE])
_MINUTES = _field("Minutes that it stays possible.", examples=[10])
_TAG = _field("Unique among the client's verifications: the same tag is the same verification.")
_PROVIDER = _field("Pins one provider; default: the first that you may use and that is able.")
_COMMON = {"number": _NUMBER, "validMinutes": _MINUTES, "clientTag": _TAG, "provider": _PROVIDER}

FIELDS: Mapping[str, Mapping[str, Extra]] = {
    "OwnerIn": {
        "method": _field("A vendor's word about the number's owner."),
        "number": _field("A mobile number: E.164, or national in the gateway's region.", examples=[E164_EXAMPLE]),
        "referenceDate": _field(
            "`YYYY-MM-DD`, in the gateway's time zone: from two years ago to today.", examples=["2026-05-31"]
        ),
        "clientTag": _field("Unique among the client's verifications: the same tag is answered the same."),
        "provider": _PROVIDER,
    },
    "CallInIn": _COMMON
    | {
        "method": _field("The number's owner calls."),
        "text": _field("Sent to the number as a message, by the same vendor. A landline takes none."),
        "lines": _field("What kind of number may be verified; default: what `number` is."),
    },
    "CallOutIn": _COMMON
    | {
        "method": _field("The number's owner is called, and told a code."),
        "rings": _field("How often it rings, at most.", examples=[10]),
    },
    "SmsCodeIn": _COMMON
    | {
        "method": _field("A code goes to the number in a message."),
        "text": _field("With `{code}` in the place of the code, once or several times."),
        "length": _field(f"Digits of the code; default {USUAL}."),
        "provider": _field("Pins one provider; default: as the routes say, as for any message."),
    },
    "CheckIn": {"code": _field("As it was typed: spaces, hyphens and full-width digits are understood.")},
    "CheckOut": {
        "result": _field(
            "`verified`: the code is right, and said to be so once. `wrong_code`. `expired`: the time is over, or no "
            f"code can be right any more. `too_many_attempts`: {TRIES} wrong ones were tried. `already_used`: the "
            "number is verified already."
        )
    },
    "OwnerOut": {
        "result": _field(
            "`same_owner`, `changed_owner`, or `unknown`: the vendor has nothing about the number.",
        )
    },
    "VerificationOut": {
        "id": _field("Names the verification.", pattern=VERIFICATION_PATTERN),
        "method": _field("How the number is verified."),
        "number": _field("E.164."),
        "status": _field(
            "`pending`; `verified`, once; `expired`: its time is over; `failed`: too many wrong codes, or the vendor "
            "refused it (`reason`)."
        ),
        "final": _field("It stays as it is."),
        "createdAt": _field("When it was asked for."),
        "updatedAt": _field("When it changed last."),
        "expiresAt": _field("Until when it can be verified; a resend moves it."),
        "verifiedAt": _field("When it was verified."),
        "callNumber": _field("`call_in`: what the number's owner calls, as it is dialled in the vendor's country."),
        "confirmed": _field(
            "Of a call: the vendor said that it makes it, or waits for it. False while its answer is out, and after "
            "one that was lost: it may know of the call or not."
        ),
        "attemptsLeft": _field("Codes that may still be tried, of the code that counts now."),
        "messageId": _field(
            "`sms_code`: the message with the code that counts now. Its text has stars.", pattern=ID_PATTERN
        ),
        "provider": _field("The provider that takes or makes the call; of a code the pinned one."),
        "clientTag": _field("As it was asked for."),
        "reason": _field("Why it failed."),
    },
}

_ID = Parameter(
    name="id",
    description="The verification's id.",
    schema={"type": "string", "pattern": VERIFICATION_PATTERN},
    example=ID,
)


_CODE: dict[str, Any] = {
    "id": ID,
    "method": "sms_code",
    "number": E164_EXAMPLE,
    "status": "pending",
    "final": False,
    "createdAt": "2026-11-20T00:00:00Z",
    "updatedAt": "2026-11-20T00:00:00Z",
    "expiresAt": "2026-11-20T00:10:00Z",
    "attemptsLeft": 5,
    "messageId": examples.ID,
    "clientTag": "signup-4711",
}
VERIFIED = {name: value for name, value in _CODE.items() if name != "attemptsLeft"} | {
    "status": "verified",
    "final": True,
    "updatedAt": "2026-11-20T00:00:42Z",
    "verifiedAt": "2026-11-20T00:00:42Z",
}
_RESENT = _CODE | {
    "updatedAt": "2026-11-20T00:02:00Z",
    "expiresAt": "2026-11-20T00:12:00Z",
    "messageId": "msg_01m7v41f000hj4erxpyf6g76zw",
}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="post",
        path="/numbers/verify",
        id="verifyNumber",
        tag="Numbers",
        scope="send",
        summary="Verify a number",
        description="Whose is this number? Four ways, told apart by `method`.\n\n`owner` asks a vendor whether the "
        "number still belongs to whom it belonged on a day, and answers at once (200). The others answer 202 with a "
        "`pending` verification. `call_in`: show the `callNumber` of the answer to the number's owner, who calls it; "
        "the vendor sees that the call comes from the number, and the verification is `verified`. One at a time for a "
        "number: a second is 409 `verification_pending`. `call_out`: the vendor calls the number and reads out a "
        "code. `sms_code`: the gateway makes a code and sends it in a message, by any provider.\n\nHave the code typed "
        f"in, and send it to `/numbers/verify/{{id}}/check`: {TRIES} tries. Codes are in no answer, no list and no "
        "log: the message's text shows stars.\n\nA number can be verified ten times in an hour by a client, unless "
        "configured otherwise; more is 429. With a `clientTag` or an `Idempotency-Key` the request can be repeated: it "
        "answers the same verification as it stands now, and neither calls nor sends again.\n\nA vendor that cannot be "
        "reached is 503, and nothing was begun; one that refuses makes it `failed`, with a `reason`. Where its answer "
        "is lost, nobody knows whether it waits for the call: the verification is `pending` with `confirmed` false, "
        "and no second call is asked for.",
        headers=(
            idempotency_key(
                "Makes the request repeatable without a `clientTag`: the same key with the same body is the same "
                "verification, with another body it is 422."
            ),
        ),
        body=OneOf("VerificationIn", "A number, and how to verify it.", (OwnerIn, CallInIn, CallOutIn, SmsCodeIn)),
        examples={
            "sms_code": (
                "A code in a message",
                {
                    "method": "sms_code",
                    "number": E164_EXAMPLE,
                    "text": "Your code is {code}",
                    "validMinutes": 10,
                    "clientTag": "signup-4711",
                },
            ),
            "call_in": ("The owner calls", {"method": "call_in", "number": E164_EXAMPLE, "validMinutes": 5}),
            "landline": (
                "The owner of a landline calls",
                {"method": "call_in", "number": "0312345678", "validMinutes": 5, "lines": "landline"},
            ),
            "call_out": (
                "The owner is called",
                {"method": "call_out", "number": E164_EXAMPLE, "validMinutes": 5, "rings": 10},
            ),
            "owner": (
                "Does it still belong to the same person?",
                {"method": "owner", "number": E164_EXAMPLE, "referenceDate": "2026-05-31"},
            ),
        },
        answers={
            200: Answer(
                description="`owner`: the vendor's answer.",
                body=OwnerOut,
                headers=("Idempotency-Replayed",),
                example={"result": "same_owner"},
            ),
            202: Answer(
                description="The verification. (`failed` where the vendor refused it.)",
                body=VerificationOut,
                headers=("Location", "Idempotency-Replayed"),
                example=_CODE,
            ),
        },
        problems=(*ACCEPTING, Code.VERIFICATION_PENDING),
    ),
    Operation(
        method="get",
        path="/numbers/verify/{id}",
        id="getVerification",
        tag="Numbers",
        scope="read",
        summary="Read a verification",
        description="Where a verification stands. Its owner question has no id, and is not read.",
        path_parameters=(_ID,),
        query=ClientQuery,
        answers={
            200: Answer(description="The verification.", body=VerificationOut, example=VERIFIED),
        },
        problems=(Code.STORE_UNAVAILABLE,),
    ),
    Operation(
        method="post",
        path="/numbers/verify/{id}/resend",
        id="resendVerification",
        tag="Numbers",
        scope="send",
        summary="Send another code, or call again",
        description="`sms_code`: a new code in a new message. `call_out`: a new call. The code before is of no use any "
        "more, the tries begin anew, and it is valid for as many minutes again. Counts for the number's limit. What is "
        "not pending any more is 409 `not_changeable`; a `call_in` has nothing to be sent again (400).",
        path_parameters=(_ID,),
        headers=(idempotency_key("Makes the request repeatable: the same key sends nothing again."),),
        answers={
            202: Answer(
                description="The verification, with its new time.",
                body=VerificationOut,
                headers=("Location", "Idempotency-Replayed"),
                example=_RESENT,
            )
        },
        problems=(Code.NOT_CHANGEABLE, *(code for code in ACCEPTING if code is not Code.DUPLICATE_CLIENT_TAG)),
    ),
    Operation(
        method="post",
        path="/numbers/verify/{id}/check",
        id="checkVerification",
        tag="Numbers",
        scope="send",
        summary="Try a code",
        description="Says whether a code is the one that was sent or read out. A right one verifies the number, once; "
        f"after {TRIES} wrong ones the verification is `failed`. Where the vendor of a `call_out` has not told its "
        "code yet, it is 409 `verification_not_ready`, and no try is used.\n\nTo repeat a request whose answer did not "
        "arrive, send it with the same `Idempotency-Key`: it is answered the same, and uses no other try.",
        path_parameters=(_ID,),
        headers=(
            idempotency_key(
                "Makes the request repeatable: the same key with the same code is one try, with another 422."
            ),
        ),
        body=CheckIn,
        examples={"simple": ("A code", {"code": "123456"})},
        answers={
            200: Answer(
                description="What is said of the code.",
                body=CheckOut,
                headers=("Idempotency-Replayed",),
                example={"result": "verified"},
            )
        },
        problems=(Code.VERIFICATION_NOT_READY, Code.IDEMPOTENCY_KEY_REUSED, Code.STORE_UNAVAILABLE),
    ),
)
