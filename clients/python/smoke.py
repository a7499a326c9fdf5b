"""Goes through what most programs do, against a gateway that runs: GATEWAY_URL and GATEWAY_KEY say which. GATEWAY_TO is
who gets the messages. With GATEWAY_WEBHOOK_PORT and GATEWAY_WEBHOOK_SECRET it also listens on 127.0.0.1 for the
delivery. Prints a line a step; exits 0 only if all went well."""

from __future__ import annotations

import asyncio
import os
import queue
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from message_gateway import (
    AsyncGateway,
    Gateway,
    GatewayError,
    Message,
    MessageEvent,
    NotFoundError,
    ProblemError,
    WebhookRefusedError,
    WebhookVerifier,
)
from message_gateway.generated.api.account import get_me

TO = os.environ.get("GATEWAY_TO") or "+819012345678"
Received = queue.Queue[tuple[bytes, dict[str, str]]]


def say(step: str) -> None:
    print(step, flush=True)


def must(holds: object, step: str) -> None:
    """Tells of a step that went well, and ends it all where it did not."""
    if not holds:
        raise SystemExit(f"not so: {step}")
    say(step)


@contextmanager
def listening(port: int) -> Iterator[Received]:
    """What comes to the port, as body and headers; each is answered 204."""
    received: Received = queue.Queue()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            received.put((body, dict(self.headers.items())))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()


def told(received: Received, verifier: WebhookVerifier, message_id: str) -> None:
    """Returns once the end of the message was told, and forgeries of it were refused."""
    ends = time.monotonic() + 30
    while True:
        body, headers = received.get(timeout=max(0.1, ends - time.monotonic()))
        event = verifier.event(body, headers)
        if isinstance(event, MessageEvent) and event.data.id == message_id and event.data.final:
            break
    say(f"webhook: {event.type_} of {event.data.id}, verified")
    old = {**{name.lower(): value for name, value in headers.items()}, "webhook-timestamp": "1000000000"}
    for forged, why in ((body.replace(b'"final"', b'"Final"'), headers), (body, old)):
        try:
            verifier.event(forged, why)
        except WebhookRefusedError as error:
            say(f"webhook: a forgery is refused: {error}")
        else:
            raise SystemExit("a forged webhook passed")


def messages(gateway: Gateway) -> str:
    """The id of a message that came to its end."""
    tag = f"smoke-{uuid.uuid4()}"
    hello: Message = {"to": TO, "text": "Hello", "client_tag": tag, "group_tag": tag, "metadata": {"from": "smoke"}}
    sent = gateway.send(wait=10, **hello)
    say(f"sent: {sent.id} is {sent.status}")
    must(gateway.send(**hello).id == sent.id, "sent again under the same tag: the same message")
    settled = gateway.wait_until_delivered(sent.id, timeout=30)
    must(settled.status in ("delivered", "submitted"), f"settled: {settled.status}")
    read = gateway.get(sent.id)
    timeline = ", ".join(event.status for event in read.events or ())
    must(timeline and dict(read.metadata or {}) == {"from": "smoke"}, f"read: {read.status}, after {timeline}")
    batch = gateway.send_batch([{"to": TO, "text": f"{n}", "group_tag": tag} for n in range(3)])
    must(all(item.message for item in batch.items), "a batch of three: accepted")
    listed = {message.id for message in gateway.messages(group_tag=tag, limit=2)}
    must(len(listed) == 4 and sent.id in listed, "listed: four messages, two a page")
    must(next(gateway.events(limit=1), None), "events: they can be read")
    return sent.id


def reservations(gateway: Gateway) -> None:
    tag = f"smoke-{uuid.uuid4()}"
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    kept = gateway.reserve(to=TO, text="Later", send_at=later, group_tag=tag)
    must(kept.send_at is not None, f"reserved for {kept.send_at}")
    must([message.id for message in gateway.reservations(group_tag=tag)] == [kept.id], "the reservation is listed")
    canceled = gateway.cancel_reservation(kept.id)
    must(canceled.status == "canceled", "the reservation is canceled")


def problems(gateway: Gateway) -> None:
    try:
        gateway.send(to="nobody", text="Hello")
    except ProblemError as problem:
        must((problem.status, problem.code) == (400, "invalid_request"), f"refused: {problem}")
        must([place.pointer for place in problem.errors] == ["/to"], "it says what is wrong")
    else:
        raise SystemExit("a message to nobody was accepted")
    try:
        gateway.get("msg_00000000000000000000000000")
    except NotFoundError as problem:
        say(f"not found: {problem}")
    else:
        raise SystemExit("there is a message that was never sent")


async def meanwhile(message_id: str) -> None:
    async with AsyncGateway() as gateway:
        first, second = await asyncio.gather(gateway.get(message_id), gateway.get(message_id))
    must(first == second, "read by asyncio, twice at once")


def main() -> int:
    port, secret = os.environ.get("GATEWAY_WEBHOOK_PORT"), os.environ.get("GATEWAY_WEBHOOK_SECRET")
    with Gateway() as gateway:
        me = get_me.sync(client=gateway.client)
        say(f"at {gateway!r}, with the scopes {', '.join(me.scopes)}")
        if port and secret:
            with listening(int(port)) as received:
                message_id = messages(gateway)
                told(received, WebhookVerifier(secret), message_id)
        else:
            message_id = messages(gateway)
            say("webhook: left out, without GATEWAY_WEBHOOK_PORT and GATEWAY_WEBHOOK_SECRET")
        reservations(gateway)
        problems(gateway)
    asyncio.run(meanwhile(message_id))
    say("all went well")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GatewayError as error:
        sys.exit(f"{type(error).__name__}: {error}")
