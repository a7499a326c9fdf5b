"""Reading requests strictly: bodies, queries and headers, each mistake with a pointer to its place."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, TypeVar, cast, get_args
from urllib.parse import unquote_to_bytes

import msgspec
from litestar import Request
from litestar.datastructures import Headers
from litestar.exceptions import InternalServerException

from gateway.errors import Code, GatewayError, invalid

T = TypeVar("T")
AnyRequest = Request[Any, Any, Any]

_PLACE = re.compile(r"^(?P<what>.*?)(?: - at (?:`(?P<part>key|keys|value|values)` in )?`(?P<path>\$.*)`)?$", re.DOTALL)
_FIELD = re.compile(r"(?:unknown|required) field `(?P<name>[^`]*)`")
_CHARSET = re.compile(r""";\s*charset\s*=\s*"?([^\s;"]*)""", re.IGNORECASE)
_BROKEN_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_INTEGER = re.compile(r"-?[0-9]{1,15}")
_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_WAIT = re.compile(r"\s*wait\s*=\s*(?P<quote>\"?)(?P<seconds>[0-9]+)(?P=quote)\s*(?:;.*)?", re.IGNORECASE | re.DOTALL)
MAX_WAIT = 30


def _pointer(path: str, field: str | None) -> str:
    """`$.a[0].b` as `/a/0/b`."""
    parts = [part for part in re.split(r"\.|\[|\]", path.lstrip("$")) if part]
    if field is not None:
        parts.append(field)
    return "".join(f"/{part.strip('`').replace('~', '~0').replace('/', '~1')}" for part in parts)


def schema_error(error: msgspec.ValidationError) -> GatewayError:
    """msgspec's message, taken apart into a JSON pointer and what is wrong there."""
    match = _PLACE.match(str(error))
    assert match is not None
    what = match["what"]
    field = _FIELD.search(what)
    return invalid(_pointer(match["path"] or "$", field["name"] if field else None), f"{what}.")


@lru_cache(64)
def _kinds(schema: Any) -> dict[str, type | None]:
    """Which parameters of a query are numbers or yes-or-no; all others are text."""
    kinds: dict[str, type | None] = {}
    for field in msgspec.structs.fields(schema):
        parts = {part for part in get_args(field.type) if isinstance(part, type)} | {field.type}
        kinds[field.encode_name] = next((kind for kind in (bool, int) if kind in parts), None)
    return kinds


def _read(value: str, kind: type | None) -> Any:
    """One parameter. (msgspec's own lax mode would also take `null` for none and a number for a time.)"""
    if kind is bool:
        return {"true": True, "false": False}.get(value, value)
    if kind is int and _INTEGER.fullmatch(value):
        return int(value)
    return value


_decoders: dict[type, msgspec.json.Decoder[Any]] = {}


async def whole_body(request: AnyRequest) -> bytes:
    """The body as it came. A caller that leaves before its end made no mistake of ours: no one reads the answer."""
    try:
        return await request.body()
    except InternalServerException:  # what the framework makes of a disconnect, and of nothing else here
        raise invalid("", "The connection ended before the body did.") from None


async def json_body(request: AnyRequest, schema: type[T]) -> T:
    """The body, decoded and checked. Raises 400, 413 or 415 problems."""
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise GatewayError(Code.UNSUPPORTED_MEDIA_TYPE, "The body must be declared as Content-Type: application/json.")
    if any(charset.lower() not in ("utf-8", "utf8") for charset in _CHARSET.findall(content_type)):
        raise GatewayError(Code.UNSUPPORTED_MEDIA_TYPE, "JSON is read in UTF-8 only.")
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
        raise GatewayError(
            Code.UNSUPPORTED_MEDIA_TYPE,
            "A body is read as it is, never compressed: leave Content-Encoding out.",
            headers={"accept-encoding": "identity"},
        )
    body = await whole_body(request)
    decoder = _decoders.get(schema)
    if decoder is None:
        decoder = _decoders[schema] = msgspec.json.Decoder(schema)
    try:
        return decoder.decode(body)  # type: ignore[no-any-return]
    except msgspec.ValidationError as error:
        raise schema_error(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        detail = "The body is empty." if not body else "The body is not valid JSON in UTF-8."
        raise invalid("", detail) from error


def query(request: AnyRequest, schema: type[T]) -> T:
    """The query, as `schema` types it. Unknown and repeated parameters are refused: a typo is no default."""
    values: dict[str, Any] = {}
    kinds = _kinds(cast(Any, schema))
    check_encoding(request.scope["query_string"])
    for name, value in request.query_params.multi_items():
        if name in values:
            raise invalid(f"/{name}", f"The query parameter {name} is given twice.")
        values[name] = _read(value, kinds.get(name))
    try:
        return msgspec.convert(values, schema)
    except msgspec.ValidationError as error:
        raise schema_error(error) from error


def check_encoding(query_string: bytes) -> None:
    """Raises where a query is not percent-encoded UTF-8: it would be read as something that nobody asked for."""
    if b"%" in query_string:
        try:
            unquote_to_bytes(query_string).decode()
        except UnicodeDecodeError:
            raise invalid("", "The query is not UTF-8.") from None
        if _BROKEN_PERCENT.search(query_string):
            raise invalid("", "The query has a % that two hexadecimal digits do not follow: % itself is %25.")


def listed(headers: Headers, name: str) -> str:
    """A header that holds a list and may be given on several lines (RFC 9110, 5.2)."""
    return ", ".join(headers.getall(name, []))


def idempotency_key(request: AnyRequest) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise invalid("/headers/Idempotency-Key", "Idempotency-Key takes 1 to 255 printable ASCII characters.")
    return key


def preferred_wait(request: AnyRequest) -> int:
    """Seconds of `Prefer: wait=N`, at most `MAX_WAIT`; 0 where none is asked for, or no number of them (RFC 7240: of
    several the first counts, and what is not understood is ignored)."""
    for preference in listed(request.headers, "prefer").split(","):
        if match := _WAIT.fullmatch(preference):
            return min(int(match["seconds"][:9]), MAX_WAIT)
    return 0


def client_address(peer: str, forwarded: str, trusted: tuple[Any, ...], parse: Any) -> str:
    """The caller's address: the rightmost of X-Forwarded-For that is not a trusted proxy's, if the peer is one."""
    address = peer
    for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        try:
            current = parse(address)
        except ValueError:
            return address
        if not any(current in network for network in trusted):
            return address
        address = hop
    return address
