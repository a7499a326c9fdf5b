"""What generated calls are made through."""

from collections.abc import Callable
from typing import TypeVar

import httpx

from ..errors import UnexpectedAnswerError

T = TypeVar("T")


class Client:
    """The HTTP client of a `Gateway`, for `sync` calls, or that of an `AsyncGateway`, for `asyncio` ones."""

    def __init__(self, *, sync: httpx.Client | None = None, asyncio: httpx.AsyncClient | None = None) -> None:
        self._sync = sync
        self._asyncio = asyncio

    def get_httpx_client(self) -> httpx.Client:
        if self._sync is None:
            raise TypeError("`sync` calls are made with the client of a Gateway, not of an AsyncGateway")
        return self._sync

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        if self._asyncio is None:
            raise TypeError("`asyncio` calls are made with the client of an AsyncGateway, not of a Gateway")
        return self._asyncio


AuthenticatedClient = Client


def read(parse: Callable[..., T], *, client: Client, response: httpx.Response) -> T:
    """The answer's body as its model. Raises UnexpectedAnswerError where it has another shape."""
    try:
        return parse(client=client, response=response)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise UnexpectedAnswerError(
            f"the answer ({response.status_code}) is not of the documented shape: {error!r}",
            response.extensions.get("course"),
        ) from error
