"""`python -m tests.chaos`: plays seeds and tells what they found."""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from pathlib import Path

import structlog

from tests.chaos.run import Case, Simulator, simulator
from tests.chaos.summary import Summary


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="play this one and tell it step by step")
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="at once, each with a Redis of its own")
    options = parser.parse_args()
    if options.seed is not None:
        with _simulator() as play:
            case = play.play(options.seed, print)
            print("\n".join([*case.findings, *case.stories]) or "nothing found")
            return int(bool(case.findings))
    summary = Summary()
    began = shown = time.monotonic()
    for case in _played(range(options.start, options.start + options.cases), options.jobs):
        summary.add(case)
        if case.findings:
            print(f"\nseed {case.seed}: {case.replay}")
            print("\n".join(f"    {finding}" for finding in case.findings), flush=True)
        if time.monotonic() - shown > 2 or summary.cases == options.cases:
            shown = time.monotonic()
            pace = 1000 * (shown - began) / summary.cases
            told = f"{summary.cases} cases, {summary.messages} messages, {len(summary.bad)} bad, {pace:.0f} ms a case"
            print(f"\r{told} ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(summary)
    if summary.cases < options.cases:
        print(f"only {summary.cases} of {options.cases} cases were played: a job died")
    return int(bool(summary.bad) or summary.cases < options.cases)


@contextmanager
def _simulator() -> Iterator[Simulator]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, simulator(Path(folder)) as play:
        yield play


def _played(seeds: range, jobs: int) -> Iterator[Case]:
    if jobs == 1:
        with _simulator() as play:
            yield from map(play.play, seeds)
        return
    ears: list[Connection] = []
    for job in range(jobs):
        ear, mouth = multiprocessing.Pipe(duplex=False)
        multiprocessing.Process(target=_job, args=(seeds[job::jobs], mouth)).start()
        mouth.close()
        ears.append(ear)
    while ears:
        for ear in [each for each in wait(ears) if isinstance(each, Connection)]:
            try:
                yield ear.recv()
            except EOFError:  # done
                ears.remove(ear)


def _job(seeds: range, mouth: Connection) -> None:
    for case in _played(seeds, 1):
        mouth.send(case)


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is part of a replay
        os.execve(
            sys.executable, [sys.executable, "-m", "tests.chaos", *sys.argv[1:]], os.environ | {"PYTHONHASHSEED": "0"}
        )
    sys.exit(main())
