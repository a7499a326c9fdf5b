"""The command line. `gateway --help` teaches it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from gateway import __version__

EPILOG = """\
first steps:
  gateway sandbox                      try everything on this machine, with no account
  gateway keys new shop                make an API key for a client named shop
  gateway check gateway.toml           find every mistake in a configuration
  gateway serve --config gateway.toml  run it
  gateway capabilities                 what each type of provider can do

send and status speak to a running gateway: they read GATEWAY_URL and GATEWAY_KEY, or --url and --key.
"""


CONFIG = Path("gateway.toml")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. 0: done; 1: it failed; 2: the arguments or the configuration are wrong."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gateway",
        description="One durable REST API in front of SMS and voice vendors.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"gateway {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    sandbox = commands.add_parser("sandbox", help="the gateway with simulated vendors, on this machine only")
    sandbox.add_argument("--host", default="127.0.0.1")
    sandbox.add_argument("--port", type=int, default=8080)
    sandbox.add_argument("--data-dir", type=Path, help="keep the data here (default: a directory that is removed)")
    sandbox.add_argument("--key", help="use this API key (default: a new one each time)")
    sandbox.add_argument("--webhook", metavar="URL", help="tell every event to this address too")
    sandbox.add_argument("--webhook-secret", metavar="whsec_...", help="sign with this (default: a new one each time)")
    sandbox.add_argument("--logs", action="store_true", help="show the gateway's log lines too, on stderr")
    sandbox.set_defaults(run=_sandbox)

    serve = commands.add_parser("serve", help="run the gateway")
    serve.add_argument("--config", type=Path, default=CONFIG, help=f"default {CONFIG}")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8080)
    serve.add_argument("--workers", type=int, default=1, help="processes of each role (default 1)")
    serve.add_argument("--role", choices=("api", "dispatch", "all"), default="all")
    serve.set_defaults(run=_serve)

    check = commands.add_parser("check", help="find every mistake in a configuration")
    check.add_argument("config", type=Path)
    check.set_defaults(run=_check)

    doctor = commands.add_parser("doctor", help="check a configuration and what it points at: Redis, vendors")
    doctor.add_argument("config", type=Path)
    doctor.set_defaults(run=_doctor)

    keys = commands.add_parser("keys", help="API keys").add_subparsers(metavar="COMMAND", required=True)
    new = keys.add_parser("new", help="make a key for a client, and the line for the configuration")
    new.add_argument("name", help="the client's name")
    new.add_argument("--scopes", default="send,read", help="comma-separated: send, read, admin (default send,read)")
    new.set_defaults(run=_new_key)

    openapi = commands.add_parser("openapi", help="print the OpenAPI document")
    openapi.add_argument("--format", choices=("yaml", "json", "json-3.0"), default="yaml", help="default yaml")
    openapi.set_defaults(run=_openapi)

    for name, run, told in (
        ("capabilities", _capabilities, "what each type of provider can do, as a Markdown table"),
        ("endings", _endings, "how numbers end in the sandbox and what then happens, as a Markdown table"),
    ):
        table = commands.add_parser(name, help=told, description=f"Prints {told}, a column for each type.")
        table.add_argument(
            "--into", type=Path, metavar="FILE", help=f"put it between <!-- {name} --> and <!-- /{name} --> there"
        )
        table.set_defaults(run=run)

    store = commands.add_parser("store", help="the Redis store").add_subparsers(metavar="COMMAND", required=True)
    adopt = store.add_parser("adopt", help="after Redis was restored or emptied: go on with what it holds now")
    adopt.add_argument("--config", type=Path, default=CONFIG, help=f"default {CONFIG}")
    adopt.set_defaults(run=_adopt)

    providers = commands.add_parser("providers", help="how the providers stand; pause, resume or reset one")
    providers.add_argument("--config", type=Path, default=CONFIG, help=f"default {CONFIG}")
    providers.set_defaults(run=_providers, verb="list", name="")
    verbs = providers.add_subparsers(metavar="COMMAND")
    for verb, told in (
        ("pause", "send nothing through it until resumed; what waits goes elsewhere where it may"),
        ("resume", "end a pause"),
        ("reset", "it is mended: close its breaker, and try its login again"),
    ):
        command = verbs.add_parser(verb, help=told, description=told)
        command.add_argument("name")
        command.add_argument("--config", type=Path, default=argparse.SUPPRESS, help=f"default {CONFIG}")
        command.set_defaults(verb=verb)

    send = commands.add_parser("send", help="send a message through a running gateway")
    send.add_argument("to")
    send.add_argument("text")
    send.add_argument("--tag", help="clientTag: repeated with the same content, it is the same message")
    send.add_argument("--wait", type=int, default=0, help="seconds to wait for the vendor's answer (at most 30)")
    status = commands.add_parser("status", help="show a message")
    status.add_argument("id")
    for command, run in ((send, _send), (status, _status)):
        command.add_argument("--url", default=os.environ.get("GATEWAY_URL", "http://127.0.0.1:8080"))
        command.add_argument("--key", default=os.environ.get("GATEWAY_KEY", ""))
        command.set_defaults(run=run)
    return parser


def _fail(message: str, code: int = 1) -> int:
    print(f"gateway: {message}", file=sys.stderr)
    return code


def _load(path: Path):  # type: ignore[no-untyped-def]  # Settings, imported late: --help stays quick
    """The settings; None after every mistake was printed."""
    from gateway.providers import TYPES
    from gateway.settings import SettingsError, describe, load

    try:
        return load(path, TYPES)
    except SettingsError as error:
        print(describe(error.problems, path), file=sys.stderr)
        return None


def _serve(options: argparse.Namespace) -> int:
    from gateway import log
    from gateway.app import listen, serve
    from gateway.store.engine import EngineError

    settings = _load(options.config)
    if settings is None:
        return 2
    if options.workers < 1:
        return _fail("--workers takes a number from 1", 2)
    try:
        listener = None if options.role == "dispatch" else listen(options.host, options.port)
    except OSError as error:
        return _fail(f"cannot listen on {options.host}:{options.port}: {error.strerror}; choose another with --port")
    log.configure()
    try:
        return serve(settings, listener, workers=options.workers, role=options.role)
    except EngineError as error:
        return _fail(str(error))


def _sandbox(options: argparse.Namespace) -> int:
    from gateway import log
    from gateway.app import listen, serve
    from gateway.sandbox.run import Sandbox
    from gateway.settings import SettingsError, describe
    from gateway.store.engine import EngineError

    try:
        listener = listen(options.host, options.port)
    except OSError as error:
        return _fail(f"cannot listen on {options.host}:{options.port}: {error.strerror}; choose another with --port")
    log.configure(quiet=not options.logs)
    with tempfile.TemporaryDirectory(prefix="gateway-sandbox-") as temporary:
        data_dir = options.data_dir or Path(temporary)
        port = listener.getsockname()[1]
        given = (options.key, options.webhook, options.webhook_secret)
        try:
            sandbox = Sandbox(data_dir.absolute(), options.host, port, *given)
        except SettingsError as error:
            listener.close()
            print(describe(error.problems, Path("the sandbox's configuration")), file=sys.stderr)
            return 2
        try:
            code = serve(
                sandbox.settings,
                listener,
                extra=sandbox.processes(),
                ready=lambda: print(sandbox.greeting(), flush=True),
            )
        except EngineError as error:
            return _fail(str(error))
    print("The sandbox has ended.")
    return code


def _check(options: argparse.Namespace) -> int:
    settings = _load(options.config)
    if settings is None:
        return 2
    print(f"{options.config}: no mistakes; {len(settings.clients)} clients, {len(settings.providers)} providers")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from gateway.doctor import examine

    settings = _load(options.config)
    if settings is None:
        return 2
    healthy = True
    for finding in asyncio.run(examine(settings)):
        healthy &= finding.ok
        print(f"{'ok   ' if finding.ok else 'WRONG'} {finding.what}: {finding.detail}")
    return 0 if healthy else 1


def _new_key(options: argparse.Namespace) -> int:
    from gateway.settings import new_key

    scopes = [scope.strip() for scope in options.scopes.split(",") if scope.strip()]
    if not scopes or not set(scopes) <= {"send", "read", "admin"}:
        return _fail("--scopes takes a comma-separated choice of send, read, admin", 2)
    try:
        key, digest = new_key(options.name)
    except ValueError as error:
        return _fail(f"{options.name!r} is no client name: {error}", 2)
    print(f"key     {key}")
    print("        (shown once; the caller sends it as Authorization: Bearer ...)")
    print(f"\n[clients.{options.name}]")
    print(f'keys = [{{ sha256 = "{digest}", scopes = {json.dumps(scopes)} }}]')
    return 0


def _openapi(options: argparse.Namespace) -> int:
    from gateway.spec.document import as_json, as_json_3_0, as_yaml

    sys.stdout.write({"json": as_json, "json-3.0": as_json_3_0, "yaml": as_yaml}[options.format]())
    return 0


def _capabilities(options: argparse.Namespace) -> int:
    from gateway.providers import TYPES
    from gateway.sandbox.readme import capabilities

    return _show("capabilities", capabilities(TYPES), options.into)


def _endings(options: argparse.Namespace) -> int:
    from gateway.providers import TYPES
    from gateway.sandbox.readme import endings

    return _show("endings", endings(TYPES), options.into)


def _show(name: str, table: str, into: Path | None) -> int:
    """Prints a table, or puts it into a file."""
    from gateway.sandbox.readme import renewed

    if into is None:
        print(table)
        return 0
    try:
        into.write_text(renewed(into.read_text("utf-8"), {name: table}), "utf-8")
    except (OSError, ValueError) as error:
        return _fail(f"{into}: {error}")
    return 0


def _adopt(options: argparse.Namespace) -> int:
    from gateway.errors import StoreUnavailable
    from gateway.operate import adopt
    from gateway.store.engine import EngineError

    settings = _load(options.config)
    if settings is None:
        return 2
    try:
        epoch = asyncio.run(adopt(settings))
    except (EngineError, StoreUnavailable, OSError) as error:
        return _fail(str(error))
    print(f"adopted (epoch {epoch}): what Redis holds now is the truth. Running gateways go on within seconds.")
    return 0


def _providers(options: argparse.Namespace) -> int:
    from gateway.errors import StoreUnavailable
    from gateway.operate import steer
    from gateway.store.engine import EngineError

    settings = _load(options.config)
    if settings is None:
        return 2
    if options.verb != "list" and options.name not in settings.providers:
        return _fail(f"there is no provider {options.name!r}; configured: {', '.join(sorted(settings.providers))}", 2)
    try:
        standings = asyncio.run(steer(settings, options.verb, options.name))
    except (EngineError, StoreUnavailable, OSError) as error:
        return _fail(str(error))
    for name, standing in standings.items():
        if options.name in ("", name):
            print(f"{name}: {standing.health}{'. ' + standing.detail if standing.detail else ''}")
    return 0


def _send(options: argparse.Namespace) -> int:
    body = {"to": options.to, "text": options.text}
    if options.tag:
        body["clientTag"] = options.tag
    headers = {"Prefer": f"wait={options.wait}"} if options.wait else {}
    return _ask(options, "/messages", json.dumps(body).encode(), headers)


def _status(options: argparse.Namespace) -> int:
    return _ask(options, f"/messages/{options.id}")


def _ask(options: argparse.Namespace, path: str, body: bytes | None = None, extra: dict[str, str] | None = None) -> int:
    headers = {"Authorization": f"Bearer {options.key}", "Content-Type": "application/json", **(extra or {})}
    if not options.url.startswith(("http://", "https://")):
        return _fail("--url takes an http or https address", 2)
    request = urllib.request.Request(options.url.rstrip("/") + path, data=body, headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            print(json.dumps(json.load(answer), indent=2, ensure_ascii=False))
            return 0
    except urllib.error.HTTPError as error:
        print(json.dumps(json.load(error), indent=2, ensure_ascii=False), file=sys.stderr)
        return 1
    except (urllib.error.URLError, TimeoutError) as error:
        return _fail(f"no gateway answers at {options.url}: {error}; give --url or GATEWAY_URL")


if __name__ == "__main__":
    sys.exit(main())
