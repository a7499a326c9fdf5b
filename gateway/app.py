"""The composition root: the one module that knows all the others. Puts processes together from settings."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

import msgspec
import structlog
import uvicorn
import uvloop
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway import activating, faults, verifying
from gateway.accepting import Acceptor
from gateway.api import events
from gateway.api.application import application, metrics_application
from gateway.api.auth import Access
from gateway.api.server import GatewayProtocol
from gateway.api.services import Services
from gateway.asking import Asker
from gateway.availability import FRESH_FOR, Availability
from gateway.direct import Direct
from gateway.dispatch.dispatcher import Dispatcher
from gateway.errors import StoreUnavailable
from gateway.metrics import Metrics
from gateway.model.activation import Activation
from gateway.model.events import Event
from gateway.model.verification import Verification
from gateway.owners import Owners
from gateway.proving import Proving
from gateway.receipts import Receipts
from gateway.recording import Recorder
from gateway.resending import Resending
from gateway.reservations import Reservations
from gateway.routing import Routing
from gateway.rules import Rules
from gateway.settings import Settings
from gateway.spec import routes as specification
from gateway.store.answers import Answers
from gateway.store.balances import Balances
from gateway.store.batches import Batches
from gateway.store.cases import Cases
from gateway.store.code_key import CodeKey
from gateway.store.engine import EmbeddedRedis, EngineError, running_url
from gateway.store.feed import Feed
from gateway.store.gates import Gates
from gateway.store.health import Health
from gateway.store.messages import Retention, Store
from gateway.store.orphans import Orphans
from gateway.store.replies import Replies
from gateway.store.topology import Topology
from gateway.store.usage import MonthlyCounts
from gateway.store.waiting import Waiting
from gateway.store.witness import Witness
from gateway.supervisor import Supervisor
from gateway.transport import Transport
from gateway.webhooks.sending import Sender
from gateway.webhooks.telling import Teller
from gateway.withdrawing import Withdrawing

log = structlog.get_logger()

Role = Literal["api", "dispatch", "all"]
DAY_MS = 86_400_000
SWEEP_EVERY = 30.0
"""Seconds between two looks whether receipts that matched nothing match something by now."""
KEEP_ALIVE = 75
"""Seconds an idle connection of a caller is kept: longer than load balancers keep theirs (60 s is common)."""


async def open_services(
    settings: Settings, redis_url: str, stack: AsyncExitStack, metrics: Metrics, snapshots: Path | None = None
) -> Services:
    """Everything one process works with, closed with `stack`."""
    topology = Topology(redis_url)
    stack.push_async_callback(topology.close)
    await topology.open()
    section = settings.gateway
    retention = Retention(
        section.retention_days * DAY_MS, section.idempotency_hours * 3_600_000, section.event_days * DAY_MS
    )
    # What is remembered is remembered of this Redis: another address is another history.
    history = hashlib.sha256(redis_url.encode()).hexdigest()[:16]
    witness = Witness(section.data_dir / "witness" / history, snapshots.stem if snapshots else "process")
    parties = {name: each.capabilities.receivers for name, each in settings.providers.items()}
    data_dir = None if section.redis_url else section.data_dir
    store = Store(topology, retention, section.lanes, witness, data_dir, parties)
    stack.callback(store.testify)
    with suppress(StoreUnavailable):  # told by readiness; the first request that needs the store asks again
        await store.know_time()
    routing = Routing(settings.providers, settings.routes, settings.clients)
    recorder = Recorder(store, routing, metrics)
    orphans = Orphans(store)
    answers = Answers(topology)
    stack.push_async_callback(answers.close)
    transport = Transport()
    stack.push_async_callback(transport.close)
    balances = Balances(store)
    stack.push_async_callback(balances.close)
    gates = Gates(store)
    availability = Availability(gates, settings.providers, routing)
    asker = Asker(transport, gates, availability, balances)
    acceptor = Acceptor(store, routing, asker.template, section.max_queue, section.time_zone, metrics)
    direct = Direct(transport, gates, availability, settings.providers)
    key, waiting = CodeKey(store, section.code_key), Waiting(store)
    verifications = Cases(store, "v", Verification, retention, verifying.event)
    verifier = verifying.Verifying(
        store, verifications, waiting, routing, acceptor, recorder, direct, section.verifications_per_number, metrics
    )
    proving = Proving(store, verifications, waiting, key, routing, verifier)
    activations = Cases(store, "f", Activation, retention, activating.event)
    activator = activating.Activating(store, activations, waiting, routing, acceptor, direct, metrics)
    withdrawing = Withdrawing(store, routing, recorder, asker, availability, transport, settings.clients)
    feed, sender = Feed(store, retention.feed), Sender()
    stack.push_async_callback(sender.close)

    async def render(client: str, event: Event) -> bytes:
        return msgspec.json.encode(await events.told(here, client, event))

    here = Services(
        settings=settings,
        access=Access(settings.clients.values(), section.trusted_proxies),
        store=store,
        batches=Batches(store, retention),
        balances=balances,
        counts=MonthlyCounts(store),
        replies=Replies(store, retention.key),
        answers=answers,
        health=Health(store),
        orphans=orphans,
        routing=routing,
        gates=gates,
        availability=availability,
        asker=asker,
        acceptor=acceptor,
        recorder=recorder,
        reservations=Reservations(
            store, routing, recorder, availability, transport, withdrawing, section.max_queue, retention.key
        ),
        receipts=Receipts(recorder, proving, activator, orphans, metrics),
        code_key=key,
        owners=Owners(store, verifications, routing, acceptor, asker),
        verifying=verifier,
        resending=Resending(store, verifications, routing, acceptor, direct, verifier),
        proving=proving,
        rules=Rules(store, settings.providers, asker, waiting),
        activating=activator,
        feed=feed,
        teller=Teller(feed, settings.webhooks, render, sender, store.clock, metrics),
        transport=transport,
        metrics=metrics,
        callback_networks={
            name: tuple(ip_network(network) for network in provider.settings.allow_callbacks_from)
            for name, provider in settings.providers.items()
        },
        snapshots=snapshots,
    )
    return here


def web(here: Services) -> ASGIApp:
    """The whole HTTP side: the API, and the specification that describes it; on a port of its own the metrics."""
    main = application(here, specification.HANDLERS)
    metrics_port = here.settings.gateway.metrics_port
    if metrics_port is None:
        return main
    metrics = metrics_application(here)

    async def by_port(scope: Scope, receive: Receive, send: Send) -> None:
        app = metrics if (scope["server"] or ("", 0))[1] == metrics_port else main
        await app(scope, receive, send)

    return by_port


class Process:
    """What every process of the gateway does: leaves with its supervisor, publishes its metrics."""

    def __init__(self, slot: str, run_dir: Path) -> None:
        self.snapshot = run_dir / f"{slot}.json"
        self.metrics = Metrics.load(self.snapshot)

    async def open(self, settings: Settings, redis_url: str, stack: AsyncExitStack) -> Services:
        here = await open_services(settings, redis_url, stack, self.metrics, self.snapshot)
        stack.callback(asyncio.create_task(_every(1.0, partial(self.publish, here.store))).cancel)
        return here

    async def publish(self, store: Store) -> None:
        """Each second: the metrics for other processes, and how far Redis has come for those after us; whether
        it still knows, and where it does not, whether an operator has adopted what it holds."""
        with suppress(OSError):  # no space: the next one may fit
            self.metrics.snapshot(self.snapshot)
        store.testify()
        await store.recheck()
        await store.look()


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Again and again, whatever happens: a process that stops looking would be blind, and nobody the wiser."""
    while True:
        try:
            await work()
        except StoreUnavailable:
            pass  # readiness tells
        except Exception as error:  # a bug must not end the look-out
            log.error("look-out failed", exc_info=error)
        await asyncio.sleep(seconds)


def _main(
    slot: str, run_dir: Path, work: Callable[[Process, AsyncExitStack], asyncio.Future[None]], alive: int
) -> None:
    """Runs one process's work on an event loop of its own."""

    async def main() -> None:
        asyncio.get_running_loop().add_reader(alive, lambda: os._exit(1))
        process = Process(slot, run_dir)
        async with AsyncExitStack() as stack:
            await work(process, stack)
            process.metrics.snapshot(process.snapshot)

    faults.install_from(os.environ.get("GATEWAY_FAULTS", ""), run_dir / f"{slot}.spent")
    uvloop.run(main())


async def _api(
    settings: Settings, redis_url: str, listeners: list[socket.socket], process: Process, stack: AsyncExitStack
) -> None:
    here = await process.open(settings, redis_url, stack)
    stack.callback(asyncio.create_task(_every(FRESH_FOR, here.availability.refresh)).cancel)
    config = uvicorn.Config(
        web(here),
        http=GatewayProtocol,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=25,
    )
    await uvicorn.Server(config).serve(sockets=listeners)


def dispatcher_for(here: Services, owner: str, start: str) -> Dispatcher:
    """`owner`: its name among all; `start`: the name of this start of the gateway."""
    return Dispatcher(
        here.store,
        here.recorder,
        here.routing,
        here.transport,
        owner,
        here.metrics,
        here.availability,
        here.balances,
        here.code_key,
        start,
        {"v": here.verifying.wake, "f": here.activating.wake},
    )


async def _dispatch(
    settings: Settings, redis_url: str, owner: str, start: str, process: Process, stack: AsyncExitStack
) -> None:
    here = await process.open(settings, redis_url, stack)
    dispatcher = dispatcher_for(here, owner, start)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        dispatcher.stop()
        here.teller.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    sweep = partial(here.receipts.sweep, settings.providers)
    stack.callback(asyncio.create_task(_every(SWEEP_EVERY, sweep)).cancel)
    health = await here.health.look()
    log.info("store", ready=health.ready, survives=health.survives, eviction=health.eviction, detail=health.detail)
    await asyncio.gather(dispatcher.run(), here.teller.run())


class Instance:
    """This gateway's name among replicas: kept in `data_dir`, so that after a crash its own work is its own again.
    A second gateway on the same directory, or one that cannot write there, is named at random."""

    def __init__(self, data_dir: Path) -> None:
        self.name = secrets.token_hex(6)
        self._file = -1
        with suppress(OSError):
            data_dir.mkdir(parents=True, exist_ok=True)
            self._file = os.open(data_dir / "instance", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            known = os.read(self._file, 64).decode().strip()
            if known:
                self.name = known
            else:
                os.write(self._file, self.name.encode())

    def leave(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sends at once on these
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def redis_address(settings: Settings) -> str:
    """Where Redis answers: the configured one, or the embedded one of a gateway that is running.
    Raises `EngineError` where none is."""
    if settings.gateway.redis_url:
        return settings.gateway.redis_url.reveal()
    return running_url(settings.gateway.data_dir)


def serve(
    settings: Settings,
    listener: socket.socket | None,
    *,
    workers: int = 1,
    role: Role = "all",
    extra: tuple[tuple[str, Callable[[int], None]], ...] = (),
    ready: Callable[[], None] | None = None,
) -> int:
    """Runs the gateway until SIGTERM or SIGINT: the embedded Redis where none is configured, and the processes of
    `role`. `extra`: more processes to keep running beside them; `ready` is called once all are started.
    Raises `EngineError`."""
    section = settings.gateway
    memory = section.max_memory_bytes
    embedded = None if section.redis_url else EmbeddedRedis.start(section.data_dir, memory=memory)
    instance = Instance(section.data_dir)
    run_dir = Path(tempfile.mkdtemp(prefix="gateway-"))
    redis_url = embedded.url if embedded else redis_address(settings)
    start = secrets.token_hex(8)

    def child(work: Callable[[Process, AsyncExitStack], object], slot: str) -> tuple[str, Callable[[int], None]]:
        def run(alive: int) -> None:
            # The locks are the supervisor's: a child that outlives it must not keep its successor out.
            instance.leave()
            if embedded:
                embedded.leave()
            _main(slot, run_dir, work, alive)  # type: ignore[arg-type]

        return slot, run

    listeners = [listener] if listener is not None else []
    if listener is not None and section.metrics_port is not None:
        listeners.append(listen(listener.getsockname()[0], section.metrics_port))
    children = [*extra]
    for number in range(workers):
        if role != "dispatch" and listeners:
            children.append(child(partial(_api, settings, redis_url, listeners), f"api-{number}"))
        if role != "api":
            owner = f"{instance.name}.{number}"
            children.append(child(partial(_dispatch, settings, redis_url, owner, start), f"dispatch-{number}"))

    def tend() -> None:
        try:
            if embedded and embedded.ensure():
                log.error("the embedded Redis had died and was started again")
        except EngineError as error:
            # Readiness says that it is gone; what was accepted is on the disk.
            log.error("the embedded Redis does not start", reason=str(error))

    try:
        return Supervisor(children, tend).run(ready)
    finally:
        if embedded:
            embedded.stop()
        instance.leave()
        shutil.rmtree(run_dir, ignore_errors=True)
