"""`python -m tests.chaos`: plays seeds and tells what they found."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import structlog

from gateway import faults
from tests.chaos.run import Case, simulator
from tests.chaos.world import AT_POINTS, AT_WIRE, COMMANDS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="play this one and tell it step by step")
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--start", type=int, default=0)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, simulator(Path(folder)) as play:
        if options.seed is not None:
            case = play.play(options.seed, print)
            print("\n".join(case.findings) or "nothing found")
            return int(bool(case.findings))
        return int(_many(range(options.start, options.start + options.cases), play.play))


def _many(seeds: range, play: Callable[[int], Case]) -> bool:
    began = shown = time.monotonic()
    total = 0
    statuses: Counter[str] = Counter()
    injected: Counter[tuple[str, str]] = Counter()
    passed: Counter[str] = Counter()
    remarks: Counter[str] = Counter()
    bad: list[Case] = []
    for number, seed in enumerate(seeds, 1):
        case = play(seed)
        total += case.messages
        statuses += case.statuses
        injected += case.injected
        passed += case.passed
        remarks += case.remarks
        if case.findings:
            bad.append(case)
            print(f"\nseed {seed}: {case.replay}")
            print("\n".join(f"    {finding}" for finding in case.findings), flush=True)
        if time.monotonic() - shown > 2 or number == len(seeds):
            shown = time.monotonic()
            pace = 1000 * (shown - began) / number
            print(f"\r{number} cases, {total} messages, {len(bad)} bad, {pace:.0f} ms a case ", end="", file=sys.stderr)
    print(file=sys.stderr)
    print(summary(len(seeds), total, statuses, injected, passed, bad))
    print("\nremarks: " + (", ".join(f"{what} {n}" for what, n in remarks.items()) or "none"))
    return bool(bad)


def summary(
    cases: int, total: int, statuses: Counter[str], injected: Counter[tuple[str, str]], passed: Counter[str],
    bad: list[Case],
) -> str:  # fmt: skip
    lines = [f"{cases} cases, {total} messages: " + ", ".join(f"{n} {status}" for status, n in statuses.most_common())]
    verdicts = Counter(finding.split()[0] for case in bad for finding in case.findings)
    lines.append("found: " + (", ".join(f"{n} {kind}" for kind, n in verdicts.items()) or "nothing"))
    for title, sites, kinds in (("points", faults.POINTS, AT_POINTS), ("commands", sorted(set(COMMANDS)), AT_WIRE)):
        lines.append(f"\n{title:16}{'passed':>12}" + "".join(f"{kind:>13}" for kind in kinds))
        for site in sites:
            lines.append(f"{site:16}{passed[site]:>12}" + "".join(f"{injected[site, kind]:>13}" for kind in kinds))
    for site in ("anywhere", "vendor", "caller"):
        told = [f"{kind} {n}" for (where, kind), n in sorted(injected.items()) if where == site]
        lines.append(f"\n{site}: " + ", ".join(told))
    return "\n".join(lines)


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is part of a replay
        os.execve(
            sys.executable, [sys.executable, "-m", "tests.chaos", *sys.argv[1:]], os.environ | {"PYTHONHASHSEED": "0"}
        )
    sys.exit(main())
