"""Problems: the gateway's answers that say no, as exceptions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import responses
from typing import Any, Literal

from .errors import Course, RequestFailedError
from .generated.models import Code, Pointer, Problem

_TYPES: dict[str, type] = {
    "type": str,
    "title": str,
    "detail": str,
    "instance": str,
    "code": str,
    "retryable": bool,
    "messageId": str,
    "provider": str,
    "providerCode": str,
    "providerMessage": str,
}


class ProblemError(RequestFailedError):
    """An answer that says no, at the last try. `retryable`: the same request may succeed later, after `retry_after`
    seconds where the gateway says so."""

    def __init__(self, problem: Problem, course: Course | None = None, *, retry_after: float | None = None) -> None:
        places = "".join(f"; {place.pointer}: {place.detail}" for place in problem.errors or ())
        said = f"{problem.status} {problem.code}: {problem.detail}{places} (request {problem.instance})"
        super().__init__(said, course)
        self.problem = problem
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.problem.status

    @property
    def code(self) -> Code | Literal["unknown"]:
        """The kind of problem, for programs; `unknown` where something before the gateway answered."""
        return self.problem.code

    @property
    def title(self) -> str:
        return self.problem.title

    @property
    def detail(self) -> str:
        return self.problem.detail

    @property
    def instance(self) -> str:
        """The request id: the operator finds it in the logs."""
        return self.problem.instance

    @property
    def retryable(self) -> bool:
        return self.problem.retryable

    @property
    def errors(self) -> list[Pointer]:
        """Each place in the request that is wrong."""
        return self.problem.errors or []

    @property
    def message_id(self) -> str | None:
        return self.problem.message_id

    @property
    def provider(self) -> str | None:
        return self.problem.provider

    @property
    def provider_code(self) -> str | None:
        return self.problem.provider_code

    @property
    def provider_message(self) -> str | None:
        return self.problem.provider_message


class UnauthorizedError(ProblemError):
    """401: no such key."""


class NotFoundError(ProblemError):
    """404."""


class ConflictError(ProblemError):
    """409: not in this state."""


class DuplicateClientTagError(ConflictError):
    """409: the tag was used for other content; `message_id` names that message."""


class RateLimitedError(ProblemError):
    """429: more than is allowed, for longer than retrying waits."""


class UnavailableError(ProblemError):
    """503: not now; `may_have_been_accepted` says what is known of the request."""


_BY_STATUS: dict[int, type[ProblemError]] = {
    401: UnauthorizedError,
    404: NotFoundError,
    409: ConflictError,
    429: RateLimitedError,
    503: UnavailableError,
}


def read_problem(status: int, headers: Mapping[str, str], body: bytes) -> Problem:
    """The problem an answer carries. What it leaves out, or where it is no problem document at all (a proxy's page),
    is filled in from the status."""
    found: dict[str, Any] = {}
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict):
        found = {name: document[name] for name, kind in _TYPES.items() if isinstance(document.get(name), kind)}
        places = document.get("errors")
        if isinstance(places, list):
            found["errors"] = [
                {"pointer": str(place.get("pointer", "")), "detail": str(place.get("detail", ""))}
                for place in places
                if isinstance(place, dict)
            ]
    return Problem.from_dict(
        {
            "type": "about:blank",
            "title": responses.get(status, "Unknown status"),
            "detail": "The answer says no more.",
            "instance": headers.get("x-request-id", ""),
            "code": "unknown",
            "retryable": status in (429, 502, 503, 504),  # a proxy's: the gateway is away for now
            **found,
            "status": status,
        }
    )


def leaves_open(problem: Problem) -> bool:
    """Whether it may have been accepted all the same, as far as this version knows."""
    refused = ("overloaded", "provider_unavailable", "provider_error")
    return problem.status >= 500 and problem.code not in refused


def problem_error(problem: Problem, course: Course, *, retry_after: float | None) -> ProblemError:
    """The exception of the class for it."""
    kind = _BY_STATUS.get(problem.status, ProblemError)
    if problem.code == "duplicate_client_tag":
        kind = DuplicateClientTagError
    return kind(problem, course, retry_after=retry_after)
