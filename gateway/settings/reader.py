"""Parsed TOML into typed values, noting every mistake with its key path instead of stopping at the first."""

from __future__ import annotations

import difflib
import json
import math
import re
import types
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import reduce
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, get_args, get_origin

import msgspec

from gateway.model.values import Duration, Misplaced, Secret
from gateway.settings import rules

_NONE: Final[Mapping[str, Any]] = types.MappingProxyType({})


class Problem(NamedTuple):
    """One mistake: where (`clients.shop.keys[0].sha256`; empty: the file as a whole) and what to change.

    Neither ever quotes a value, only keys and what is known.
    """

    path: str
    detail: str


class SettingsError(Exception):
    """The configuration cannot be used. `problems` are all its mistakes, by key path."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(describe(problems))
        self.problems = problems


def describe(problems: Iterable[Problem], file: str | Path = "gateway.toml") -> str:
    """One line for each mistake, as the command line prints them."""
    return "\n".join(": ".join(filter(None, (str(file), *problem))) for problem in problems)


BAD: Final[Any] = type("Bad", (), {"__repr__": lambda _: "BAD"})()
"""Stands for a value whose mistake is noted already, so that nothing more is said about it."""


class _FromEnvironment(str):
    """A string with an environment variable in it: it may also be the text of a number or of true and false."""

    __slots__ = ()


_PARSED: dict[Any, tuple[Any, Callable[[Any], Any]]] = {
    Secret: (str, rules.secret),
    Duration: (float, Duration),
    Path: (str, rules.path),
    rules.Network: (str, rules.network),
    bytes: (str, str),
}
"""Types TOML has not: the one it is read as, and what then makes it. `bytes` are left to the field's own rule."""

_WORDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "list": "a list",
    "object": "a table",
    "dict": "a table",
    "datetime": "a date and time",
    "date": "a date",
    "time": "a time",
}
_VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def join(path: str, key: str) -> str:
    """The path of a key in a table, written as TOML would."""
    written = key if _BARE_KEY.fullmatch(key) else json.dumps(key)
    return f"{path}.{written}" if path else written


class Reader:
    """Reads what Structs declare: scalars, Literals, Enums, Secret, Duration, Path, Network, lists, sets, tables,
    Structs, and unions of these with at most one to each shape of value (a string or a list, say).

    In an `Annotated`, a `msgspec.Meta` bounds the value, and a function is a rule for each single value in it.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.problems: list[Problem] = []
        self._environ = environ
        self._hidden: set[str] = set()

    def note(self, path: str, detail: str) -> None:
        for hidden in sorted(self._hidden, key=len, reverse=True):
            detail = detail.replace(hidden, "***")
        self.problems.append(Problem(path, " ".join(detail.split())))

    def substitute(self, raw: Any, path: str = "") -> Any:
        """The same tree with the environment's values for every `${NAME}` in a string, and `${` for `$${`."""
        if isinstance(raw, dict):
            return {key: self.substitute(value, join(path, key)) for key, value in raw.items()}
        if isinstance(raw, list):
            return [self.substitute(value, f"{path}[{index}]") for index, value in enumerate(raw)]
        if not isinstance(raw, str) or "${" not in raw:
            return raw
        before = len(self.problems)
        text = _VARIABLE.sub(lambda match: self._variable(match, path), raw)
        return BAD if len(self.problems) > before else _FromEnvironment(text)

    def value(self, raw: Any, target: Any, path: str, marks: tuple[Any, ...] = ()) -> Any:
        """`raw` as a `target`, or BAD. `marks` are what an `Annotated` around it says."""
        if raw is BAD:
            return BAD
        origin, arguments = get_origin(target), get_args(target)
        if origin is Annotated:
            return self.value(raw, target.__origin__, path, (*target.__metadata__, *marks))
        if target in _PARSED:
            return self._single(raw, target, path, marks)
        if origin in (Union, types.UnionType):
            return self._union(raw, arguments, path, marks)
        if _shape(target) is list:
            return self._list(raw, origin, arguments[0], path, marks)
        if origin is dict:
            return self._table(raw, arguments, path, marks)
        if _shape(target) is dict:
            return self.struct(raw, target, path)
        return self._single(raw, target, path, marks)

    def struct(
        self,
        raw: Any,
        cls: type[msgspec.Struct],
        path: str,
        *,
        given: Mapping[str, Any] = _NONE,
        override: Mapping[str, Any] = _NONE,
    ) -> Any:
        """The table as a `cls`, or BAD. See `fields`."""
        return self.build(cls, self.fields(raw, cls, path, given=given, override=override), path)

    def fields(
        self,
        raw: Any,
        cls: type[msgspec.Struct],
        path: str,
        *,
        given: Mapping[str, Any] = _NONE,
        override: Mapping[str, Any] = _NONE,
    ) -> dict[str, Any]:
        """The table's values by field, each converted or BAD; a field left to its default is absent.

        `given` fields are not the file's to set, `override` has types to read by instead of the declared ones.
        """
        known = {field.encode_name: field for field in msgspec.structs.fields(cls) if field.name not in given}
        if not self.expect(dict, raw, path):
            return {field.name: BAD for field in known.values()}
        self.refuse_unknown(raw, known, path)
        values = dict(given)
        for key, field in known.items():
            if key in raw:
                values[field.name] = self.value(raw[key], override.get(field.name, field.type), join(path, key))
            elif field.required:
                self.note(join(path, key), "is missing")
                values[field.name] = BAD
        return values

    def build(self, make: Callable[..., Any], values: Mapping[str, Any], path: str) -> Any:
        """`make(**values)`; BAD where a value is, or where `make` refuses them by ValueError (a `Misplaced` says where)
        or TypeError."""
        if any(value is BAD for value in values.values()):
            return BAD
        try:
            return make(**values)
        except Misplaced as error:
            for keys, detail in error.problems.items():
                self.note(reduce(join, keys, path), detail)
            return BAD
        except (ValueError, TypeError) as error:
            self.note(path, str(error))
            return BAD

    def expect(self, kind: type, raw: Any, path: str) -> bool:
        """Whether `raw` is a `kind`; notes it where it is not (but for BAD, which is noted already)."""
        if raw is not BAD and not isinstance(raw, kind):
            self.note(path, f"expected {_WORDS[kind.__name__]}, got {_kind(raw)}")
        return isinstance(raw, kind)

    def refuse_unknown(self, table: Mapping[str, Any], known: Iterable[str], path: str) -> None:
        """Notes every key that is not known, with the one that was probably meant."""
        for key in table.keys() - set(known):
            self.note(join(path, key), f"unknown key; {suggestion(key, known)}")

    def _variable(self, match: re.Match[str], path: str) -> str:
        name, closed = match.groups()
        if name is None:
            return "${"
        if not closed or not _VARIABLE_NAME.fullmatch(name):
            self.note(path, 'write "${NAME}" for an environment variable, and "$${" where "${" itself is meant')
            return ""
        value = self._environ.get(name)
        if value is None:
            self.note(path, f"the environment variable {name} is not set")
            return ""
        if any("\ud800" <= character <= "\udfff" for character in value):
            self.note(path, f"the environment variable {name} is not UTF-8")
        self._hide(value)
        return value

    def _hide(self, value: str) -> None:
        # A shorter one is no secret, and hiding it would blank out ordinary words.
        if len(value) >= 8:
            self._hidden.add(value)

    def _single(self, raw: Any, target: Any, path: str, marks: tuple[Any, ...]) -> Any:
        if isinstance(raw, float) and not math.isfinite(raw):
            self.note(path, "must be a finite number")
            return BAD
        read_as, make = _PARSED.get(target, (target, None))
        bounds = tuple(mark for mark in marks if isinstance(mark, msgspec.Meta))
        strict = not isinstance(raw, _FromEnvironment)
        try:
            if target is Duration:
                raw = float(Duration.parse(raw))
            bounded = Annotated[(read_as, *bounds)] if bounds else read_as
            value = msgspec.convert(str(raw) if isinstance(raw, str) else raw, bounded, strict=strict)
            if target is Secret:
                self._hide(value)
            for rule in (make, *marks):
                value = rule(value) if callable(rule) else value
        except msgspec.ValidationError as error:
            self.note(path, _in_words(error, target))
        except (ValueError, OverflowError) as error:
            self.note(path, str(error))
        else:
            return value
        return BAD

    def _union(self, raw: Any, arms: tuple[Any, ...], path: str, marks: tuple[Any, ...]) -> Any:
        arms = tuple(arm for arm in arms if arm is not types.NoneType)
        fitting = tuple(arm for arm in arms if _shape(arm) is _shape_of(raw)) or (arms if len(arms) == 1 else ())
        for arm in fitting:
            before = len(self.problems)
            value = self.value(raw, arm, path, marks)
            if value is not BAD or len(self.problems) == before or arm is fitting[-1]:
                return value
            del self.problems[before:]
        expected = dict.fromkeys(_WORDS[shape.__name__] if (shape := _shape(arm)) else "a single value" for arm in arms)
        self.note(path, f"expected {' or '.join(expected)}, got {_kind(raw)}")
        return BAD

    def _list(self, raw: Any, make: Any, item: Any, path: str, marks: tuple[Any, ...]) -> Any:
        if not self.expect(list, raw, path) or not self._has_length(raw, path, marks):
            return BAD
        each = tuple(mark for mark in marks if callable(mark))
        values = [self.value(value, item, f"{path}[{index}]", each) for index, value in enumerate(raw)]
        return BAD if any(value is BAD for value in values) else make(values)

    def _table(self, raw: Any, arguments: tuple[Any, ...], path: str, marks: tuple[Any, ...]) -> Any:
        if not self.expect(dict, raw, path) or not self._has_length(raw, path, marks):
            return BAD
        each = tuple(mark for mark in marks if callable(mark))
        values = {
            self.value(key, arguments[0], join(path, key)): self.value(value, arguments[1], join(path, key), each)
            for key, value in raw.items()
        }
        return BAD if any(part is BAD for entry in values.items() for part in entry) else values

    def _has_length(self, raw: Any, path: str, marks: tuple[Any, ...]) -> bool:
        for mark in marks:
            if isinstance(mark, msgspec.Meta):
                if mark.min_length is not None and len(raw) < mark.min_length:
                    self.note(path, f"needs at least {mark.min_length}")
                    return False
                if mark.max_length is not None and len(raw) > mark.max_length:
                    self.note(path, f"must not have more than {mark.max_length}")
                    return False
        return True


def suggestion(word: str, known: Iterable[str]) -> str:
    """What was probably meant by `word`, else all that is known."""
    known = sorted(known)
    if near := difflib.get_close_matches(word, known, 1):
        return f"did you mean {near[0]}?"
    return f"known: {', '.join(known)}" if known else "none is known"


def _shape(target: Any) -> type | None:
    """list or dict where a value of that type is written so, None for a single value."""
    origin, arguments = get_origin(target), get_args(target)
    if origin is Annotated:
        return _shape(target.__origin__)
    if origin in (list, set, frozenset) or (origin is tuple and arguments[-1] is Ellipsis):
        return list
    if origin is dict or (isinstance(target, type) and issubclass(target, msgspec.Struct)):
        return dict
    return None


def _shape_of(raw: Any) -> type | None:
    return type(raw) if type(raw) in (list, dict) else None


def _kind(raw: Any) -> str:
    return _WORDS["str" if isinstance(raw, str) else type(raw).__name__]


def _in_words(error: msgspec.ValidationError, target: Any) -> str:
    """What msgspec says, for people who write TOML, and without the value it may quote."""
    text = str(error)
    if get_origin(target) is Literal:
        choices = get_args(target)
    elif isinstance(target, type) and issubclass(target, Enum):
        choices = tuple(member.value for member in target)
    elif text.startswith("Invalid"):
        return "not a value that can stand here"
    else:
        text = re.sub(r"`(\w+)`", lambda match: _WORDS.get(match[1], match[1]), text)
        return text[0].lower() + text[1:]
    return f"expected one of {', '.join(json.dumps(choice) for choice in choices)}"
