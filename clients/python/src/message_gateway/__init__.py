"""A client of the message gateway. `Gateway` is for programs that wait, `AsyncGateway` for asyncio."""

from .async_gateway import AsyncGateway
from .bodies import Message, MessageFilter, Reservation, ReservationFilter
from .errors import ConnectionFailedError, GatewayError, UnexpectedAnswerError, WebhookRefusedError
from .events import ActivationEvent, Event, MessageEvent, OtherEvent, VerificationEvent, WebhookVerifier
from .gateway import Gateway
from .paging import async_pages, pages
from .problems import (
    ConflictError,
    DuplicateClientTagError,
    NotFoundError,
    ProblemError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
)
from .retrying import RetryPolicy
from .version import __version__
from .waiting import WaitTimeoutError

__all__ = [
    "ActivationEvent",
    "AsyncGateway",
    "ConflictError",
    "ConnectionFailedError",
    "DuplicateClientTagError",
    "Event",
    "Gateway",
    "GatewayError",
    "Message",
    "MessageEvent",
    "MessageFilter",
    "NotFoundError",
    "OtherEvent",
    "ProblemError",
    "RateLimitedError",
    "Reservation",
    "ReservationFilter",
    "RetryPolicy",
    "UnauthorizedError",
    "UnavailableError",
    "UnexpectedAnswerError",
    "VerificationEvent",
    "WaitTimeoutError",
    "WebhookRefusedError",
    "WebhookVerifier",
    "__version__",
    "async_pages",
    "pages",
]
