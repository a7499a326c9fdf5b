"""The Java client's `Webhooks`, against signatures of the official library."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta

from standardwebhooks import Webhook

from tests.clients.java_tools import Java, java

__all__ = ["java"]

OLD, NEW, OTHER = (f"whsec_{b64encode(bytes([n]) * 32).decode()}" for n in (1, 2, 3))
ID, BODY = "evt_01m7v41f0000004j5k6m7n8p", '{"type": "message.delivered", "data": {"text": "こんにちは"}}'


def given(
    secrets: str = NEW,
    *,
    by: tuple[str, ...] = (NEW,),
    at: datetime | None = None,
    id_: str = ID,
    timestamp: str | None = None,
    signature: str | None = None,
    body: bytes = BODY.encode(),
) -> str:
    """A line for the program: a webhook that was signed `by`, of which the rest is said to be otherwise."""
    at = at or datetime.now(UTC)
    signed = " ".join(Webhook(secret).sign(ID, at, BODY) for secret in by)
    fields = secrets, id_, timestamp or str(int(at.timestamp())), signature or signed, b64encode(body).decode()
    return "\t".join(fields)


def test_it_takes_what_was_signed_and_nothing_else(java: Java) -> None:
    now = datetime.now(UTC)
    right = Webhook(NEW).sign(ID, now, BODY)
    cases = {
        given(): "genuine",
        given(f"{OLD},{NEW}"): "genuine",
        given(f"{NEW},{OLD}", by=(OLD,)): "genuine",
        given(NEW, by=(OLD, NEW)): "genuine",
        given(NEW.removeprefix("whsec_")): "genuine",
        given(at=now - timedelta(minutes=4)): "genuine",
        given(signature=f"v1a,AAAA v1,%% v1 , {right}", at=now): "genuine",
        given(body=BODY.encode() + b" "): "forged: no signature fits",
        given(OTHER): "forged: no signature fits",
        given(id_="evt_other"): "forged: no signature fits",
        given(signature="v1,"): "forged: no signature fits",
        given(signature="v1,not base64"): "forged: no signature fits",
        given(signature=right.replace("v1,", "v2,"), at=now): "forged: no signature fits",
        given(signature=right.removeprefix("v1,"), at=now): "forged: no signature fits",
        given(timestamp=str(int(now.timestamp()) - 1)): "forged: no signature fits",
        given(at=now - timedelta(minutes=6)): "forged: it is of another time",
        given(at=now + timedelta(minutes=6)): "forged: it is of another time",
        given(timestamp=str(-(2**63))): "forged: it is of another time",
        given(timestamp=str(2**63)): "forged: its time is none",
        given(timestamp="now"): "forged: its time is none",
        given(timestamp="-"): "forged: it is not signed",
        given(id_="-"): "forged: it is not signed",
        given(signature="-"): "forged: it is not signed",
        given("whsec_"): "wrong secret: a secret is whsec_ and base64",
        given("whsec_%%"): "wrong secret: a secret is whsec_ and base64",
    }
    done = java.run("VerifyWebhook", "".join(f"{line}\n" for line in cases))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == list(cases.values())
