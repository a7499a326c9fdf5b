"""What to send again, how often, after how long, under which key: pure rules, shared by both transports."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx

from .errors import ConnectionFailedError, Course, UnexpectedAnswerError
from .generated.keyed import KEYED_PATHS
from .problems import leaves_open, problem_error, read_problem

KEY_HEADER = "Idempotency-Key"
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
"""Nothing of the request left: any request may be repeated."""
HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
REPEATABLE = HARMLESS | {"PUT", "DELETE"}
_KEYED = re.compile("|".join(re.sub(r"{\w+}", "[^/]+", path) for path in KEYED_PATHS))


@dataclass(frozen=True)
class RetryPolicy:
    """At most `retries` more tries, and `max_wait` seconds of waiting in all. A wait is what `Retry-After` asks for,
    and a time drawn from 0 to `first_wait` seconds, twice that the next time, and so on up to `longest_wait`: those
    that were told the same don't come back all at once."""

    retries: int = 4
    max_wait: float = 60.0
    first_wait: float = 0.5
    longest_wait: float = 8.0

    def backoff(self, tries: int, random: Callable[[], float]) -> float:
        return (1 + random()) / 2 * float(min(self.longest_wait, self.first_wait * 2 ** min(tries - 1, 60)))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that `Retry-After` asks for; a date is counted from the answer's own `Date`."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value, re.ASCII):
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - parsedate_to_datetime(headers["date"])).total_seconds())
    except (KeyError, OverflowError, TypeError, ValueError):
        return None


def has_client_tag(content: bytes) -> bool:
    """Whether a body names what it makes by a tag of the caller's."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and body.get("clientTag") is not None


class Attempts:
    """One request and its tries. The transport tells what became of each, and waits as long as it is told."""

    def __init__(
        self, request: httpx.Request, base_path: str, policy: RetryPolicy, random: Callable[[], float]
    ) -> None:
        """Gives the request its key, kept over its tries, where it takes one and has neither key nor tag."""
        self._request = request
        self._policy = policy
        self._random = random
        self._tries = 0
        self._waited = 0.0
        self._may_have_been_accepted = False
        held = isinstance(request.stream, httpx.ByteStream)  # a body that is streamed cannot be sent twice
        tagged = held and has_client_tag(request.content)
        if request.method == "POST" and not tagged and KEY_HEADER not in request.headers:
            path = request.url.raw_path.decode().partition("?")[0].removeprefix(base_path)
            if _KEYED.fullmatch(path):
                request.headers[KEY_HEADER] = str(uuid.uuid4())
        self._key: str | None = request.headers.get(KEY_HEADER) or None
        if self._key and not self._key.isprintable():  # h11 would refuse it, with every header in its traceback
            raise ValueError("an Idempotency-Key has printable characters only")
        self._held = held
        self._repeatable = held and (request.method in REPEATABLE or tagged or self._key is not None)

    def answered(self, answer: httpx.Response) -> float | None:
        """Seconds to wait before the next try; None: this answer is it. Raises the last problem, and
        UnexpectedAnswerError for what cannot be the gateway's."""
        self._tries += 1
        status = answer.status_code
        if 200 <= status < 300:
            course = answer.extensions["course"] = self._course(open=True)  # for whoever cannot read it after all
            if status != 204 and not is_json(answer.headers.get("content-type", "")):
                raise UnexpectedAnswerError(
                    f"the answer ({status}) is not JSON: it is not the gateway's, or something stands before it", course
                )
            return None
        if status < 400:
            course = self._course(open=True)
            raise UnexpectedAnswerError(f"the answer is a redirection ({status}): is the address right?", course)
        problem = read_problem(status, answer.headers, answer.content)
        course = self._course(open=leaves_open(problem))
        asked = retry_after(answer.headers)
        if self._repeatable and problem.retryable and status in (429, 502, 503, 504):
            wait = self._wait(asked)
            if wait is not None:
                return wait
        raise problem_error(problem, course, retry_after=asked)

    def failed(self, failure: httpx.RequestError) -> float:
        """Seconds to wait before the next try. Raises ConnectionFailedError where there is none."""
        self._tries += 1
        never_sent = isinstance(failure, NEVER_SENT)
        course = self._course(open=not never_sent)
        if self._repeatable or (never_sent and self._held):
            wait = self._wait(None)
            if wait is not None:
                return wait
        tries = "1 try" if course.tries == 1 else f"{course.tries} tries"
        raise ConnectionFailedError(
            f"no answer after {tries} ({type(failure).__name__}: {failure})", course
        ) from failure

    def _wait(self, asked: float | None) -> float | None:
        left = self._policy.max_wait - self._waited
        if self._tries > self._policy.retries or (asked or 0.0) > left:
            return None
        # On top of what is asked for: all who were told the same would come back in the same moment.
        wait = min(left, (asked or 0.0) + self._policy.backoff(self._tries, self._random))
        self._waited += wait
        return wait

    def _course(self, *, open: bool) -> Course:
        """How it went so far. `open`: after this try nobody knows whether it was accepted, nor after any later one."""
        self._may_have_been_accepted |= open and self._request.method not in HARMLESS
        return Course(self._tries, self._may_have_been_accepted, self._repeatable, self._key)


def is_json(content_type: str) -> bool:
    media = content_type.partition(";")[0].strip().lower()
    return media == "application/json" or media.endswith("+json")
