"""What settings are made of: secrets that do not print, durations that read as people write, patterns with words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Misplaced(ValueError):
    """Settings that do not go together, each mistake by the keys that lead to it."""

    def __init__(self, problems: Mapping[tuple[str, ...], str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = problems


class Secret:
    """A string that shows itself only when asked: it prints, formats and pickles as `***`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return Secret, ("***",)


class Duration(float):
    """Seconds. Parses `90`, `"90s"`, `"15m"`, `"24h"`, `"3d"` and `"250ms"`."""

    @classmethod
    def parse(cls, value: object) -> Duration:
        """Raises ValueError with a message that says which spellings are understood."""
        if isinstance(value, str) and (match := _DURATION.fullmatch(value)):
            seconds = float(match[1]) * _UNITS[match[2]]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            seconds = float(value)
        else:
            raise ValueError('a duration is seconds or a string like "90s", "15m", "24h"')
        if not 0 <= seconds < 10**9:
            raise ValueError("a duration is between 0 and 31 years")
        return cls(seconds)


def matching(pattern: str, meaning: str) -> Callable[[str], str]:
    """A rule for a setting. Its value is never quoted: it may have come from the environment."""

    def rule(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(meaning)
        return value

    return rule
