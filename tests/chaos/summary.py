"""What many cases found, added up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from gateway import faults
from tests.chaos.run import Case
from tests.chaos.trouble import AT_POINTS, AT_WIRE, COMMANDS

Pairs = Counter[tuple[str, str]]


@dataclass
class Summary:
    """Of the cases added to it."""

    cases: int = 0
    messages: int = 0
    reservations: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    injected: Pairs = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    remarks: Counter[str] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    bad: list[int] = field(default_factory=list)
    """Seeds that found something."""

    def add(self, case: Case) -> None:
        self.cases += 1
        self.messages += case.messages
        self.reservations += case.reservations
        self.statuses.update(case.statuses)
        self.injected.update(case.injected)
        self.passed.update(case.passed)
        self.remarks.update(case.remarks)
        self.excused.update(case.excused)
        self.found.update(finding.split()[0] for finding in case.findings)
        self.bad += [case.seed] * bool(case.findings)

    def __str__(self) -> str:
        checked = f"{self.cases} cases, {self.messages} messages, {self.reservations} of them reservations, checked"
        lines = [f"{checked}: {_told(self.statuses)}"]
        kinds = ("LOST", "TWICE", "LIE")
        others = {kind: number for kind, number in self.found.items() if kind not in kinds}
        lines.append(", ".join(f"{kind.lower()} {self.found[kind]}" for kind in kinds) + f"; else: {_told(others)}")
        lines += self._table("points", list(faults.POINTS), AT_POINTS)
        lines += self._table("commands", sorted([*COMMANDS, "roster"]), AT_WIRE)
        for site in ("anywhere", "vendor", "operator", "caller"):
            lines.append(f"\n{site}: {_told({kind: n for (where, kind), n in self.injected.items() if where == site})}")
        faulty = dict.fromkeys((*AT_POINTS, *AT_WIRE), 0)
        for (where, kind), number in self.injected.items():
            if where in (*faults.POINTS, *COMMANDS, "roster") or where == "anywhere":
                faulty[kind] = faulty.get(kind, 0) + number
        lines.append(f"\nfaults in processes, clocks and Redis, {sum(faulty.values())}: {_told(faulty)}")
        lines.append(f"\nallowed: {_told(self.excused)}")
        lines.append(f"\nremarks: {_told(self.remarks)}")
        return "\n".join(lines)

    def _table(self, title: str, sites: list[str], kinds: tuple[str, ...]) -> list[str]:
        rows = [f"\n{title:16}{'passed':>10}" + "".join(f"{kind:>13}" for kind in kinds)]
        for site in sites:
            numbers = "".join(f"{self.injected[site, kind]:>13}" for kind in kinds)
            rows.append(f"{site:16}{self.passed[site]:>10}{numbers}")
        return rows


def _told(numbers: Counter[str] | dict[str, int]) -> str:
    return ", ".join(f"{what} {number}" for what, number in sorted(numbers.items()) if number) or "nothing"
