"""`python -m tests.siege`: plays seeds and tells what they found."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from gateway import faults
from tests.siege.plan import STRIKES
from tests.siege.run import Case, play


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.siege", description=__doc__)
    parser.add_argument("--seed", type=int, help="play this one and tell it as it happens")
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--minutes", type=float, help="stop after so long")
    parser.add_argument("--logs", type=Path, help="keep the gateways' logs of such cases in this folder")
    options = parser.parse_args()
    if options.seed is not None:
        case = play(options.seed, print, options.logs)
        print("\n".join(case.findings) or "nothing found")
        return int(bool(case.findings))
    ends = time.monotonic() + 60 * options.minutes if options.minutes else float("inf")
    cases: list[Case] = []
    for seed in range(options.start, options.start + options.cases):
        if time.monotonic() > ends:
            break
        case = play(seed, None, options.logs)
        cases.append(case)
        told = ", ".join(f"{n} {status}" for status, n in case.statuses.most_common())
        print(f"seed {seed}: {case.seconds:.1f} s, {told}", flush=True)
        if case.findings or case.slow:
            print(f"  {case.report}", flush=True)
    print(summary(cases))
    return int(any(case.findings for case in cases))


def summary(cases: Iterable[Case]) -> str:
    cases = list(cases)
    statuses: Counter[str] = sum((case.statuses for case in cases), Counter())
    injected: Counter[tuple[str, str]] = sum((case.injected for case in cases), Counter())
    found = Counter(finding.split()[0] for case in cases for finding in case.findings)
    lines = [
        f"\n{len(cases)} cases, {statuses.total()} messages: "
        + ", ".join(f"{n} {status}" for status, n in statuses.most_common()),
        "found: " + (", ".join(f"{n} {kind}" for kind, n in found.most_common()) or "nothing"),
        f"\n{'points':16}{'kill':>8}{'stop':>8}",
    ]
    lines += [f"{point:16}{injected[point, 'kill']:>8}{injected[point, 'stop']:>8}" for point in faults.POINTS]
    lines.append("anywhere: " + ", ".join(f"{kind} {injected['anywhere', kind]}" for kind in STRIKES))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
