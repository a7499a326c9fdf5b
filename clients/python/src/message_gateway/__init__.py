"""A client of the message gateway. `Gateway` is for programs that wait, `AsyncGateway` for asyncio."""

from .async_gateway import AsyncGateway
from .bodies import Message, MessageFilter, Reservation, ReservationFilter
from .errors import (
    ConnectionFailedError,
    Course,
    GatewayError,
    RequestFailedError,
    UnexpectedAnswerError,
    WebhookRefusedError,
)
from .events import ActivationEvent, Event, MessageEvent, OtherEvent, VerificationEvent, WebhookVerifier
from .gateway import Gateway
from .generated.models import (
    ActivationLogOut,
    ActivationOut,
    BalanceOut,
    BatchAcceptedOut,
    CheckOut,
    Code,
    MessageOut,
    OrphanOut,
    OwnerOut,
    Status,
    VerificationOut,
    VerificationStatus,
)
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
    "ActivationLogOut",
    "ActivationOut",
    "AsyncGateway",
    "BalanceOut",
    "BatchAcceptedOut",
    "CheckOut",
    "Code",
    "ConflictError",
    "ConnectionFailedError",
    "Course",
    "DuplicateClientTagError",
    "Event",
    "Gateway",
    "GatewayError",
    "Message",
    "MessageEvent",
    "MessageFilter",
    "MessageOut",
    "NotFoundError",
    "OrphanOut",
    "OtherEvent",
    "OwnerOut",
    "ProblemError",
    "RateLimitedError",
    "RequestFailedError",
    "Reservation",
    "ReservationFilter",
    "RetryPolicy",
    "Status",
    "UnauthorizedError",
    "UnavailableError",
    "UnexpectedAnswerError",
    "VerificationEvent",
    "VerificationOut",
    "VerificationStatus",
    "WaitTimeoutError",
    "WebhookRefusedError",
    "WebhookVerifier",
    "__version__",
    "async_pages",
    "pages",
]
