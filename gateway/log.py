"""One JSON object a line on stderr, and nothing else there.

Never in a log: a text, a whole number, a key, a token, a query string. Call sites name ids, providers, codes and
counts only; `_guard` is the second line of defence and drops every field whose name says otherwise.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, BinaryIO, cast

import msgspec
import structlog

FORBIDDEN = frozenset(
    {"text", "to", "number", "phone", "body", "key", "token", "secret", "password", "query", "url", "headers"}
)


_CODE = re.compile(r"[A-Za-z0-9_.-]{0,8}")
"""What vendors' codes look like. Whatever else one sends in the place of a code may be a number, or a text."""


def _guard(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in FORBIDDEN & event.keys():
        event[name] = "***"
    if not _CODE.fullmatch(str(event.get("provider_code") or "")):
        event["provider_code"] = "***"
    return event


class _Stderr:
    """A line that cannot be written (a full disk, a reader that left) is dropped: it must not stop the work."""

    def write(self, line: bytes) -> None:
        with suppress(OSError):
            sys.stderr.buffer.write(line)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.buffer.flush()


def configure(quiet: bool = False) -> None:
    """Sets up structlog for this process and routes what libraries log through it (warnings and worse).
    `quiet`: errors only, for commands that talk to people."""
    encode = msgspec.json.Encoder(enc_hook=repr).encode
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _guard,
            lambda _, __, event: encode(event),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR if quiet else logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(cast(BinaryIO, _Stderr())),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_Forward()]
    root.setLevel(logging.WARNING)
    for library in ("httpx", "httpcore", "uvicorn.access"):
        # httpx logs whole URLs at INFO: a vendor's token may be in the query.
        logging.getLogger(library).setLevel(logging.ERROR)


class _Forward(logging.Handler):
    """Library records as JSON lines: logger, level and the unformatted message (arguments may quote a request)."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(library=record.name)
        message = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        log.log(record.levelno, "library", said=message[:200], exc_info=record.exc_info or None)
