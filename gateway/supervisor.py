"""Keeps processes running: starts them, restarts what dies, ends them in order. Knows nothing of messages.

Children are forked before any of them has an event loop. Each holds the reading end of a pipe whose writing end
only the supervisor has: should it be killed, they see the end of file and leave at once.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence

import msgspec
import structlog

log = structlog.get_logger()

DRAIN = 30.0
"""Seconds children have to finish after SIGTERM, as callers of `gateway serve` are promised."""
RESTART_PAUSES = (0.0, 0.2, 1.0, 3.0, 10.0)
"""Seconds before a child that keeps dying is started again: the first time at once."""
STEADY = 30.0
"""Seconds after which a child counts as running well, and its next death as the first."""


OURS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


class Child(msgspec.Struct):
    """A process to keep running. `run` is called in it, with the descriptor whose end of file means: leave."""

    name: str
    run: Callable[[int], None]
    pid: int = 0
    started: float = 0.0
    deaths: int = 0
    restart_at: float = 0.0


class Supervisor:
    """`tend` is called about four times a second, for what else must be kept alive."""

    def __init__(self, children: Sequence[tuple[str, Callable[[int], None]]], tend: Callable[[], None]) -> None:
        self._children = [Child(name, run) for name, run in children]
        self._tend = tend
        self._alive_read, self._alive_write = os.pipe()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._signals = 0

    def run(self, ready: Callable[[], None] | None = None) -> int:
        """Until SIGTERM or SIGINT; then 0, or 1 where a child had to be killed."""
        handlers = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        handlers[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        old_wakeup = signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        try:
            self._start_due()
            if ready:
                ready()
            while not self._signals:
                self._start_due()
                self._tend()
                self._sleep(0.25)
                self._reap()
            return self._end()
        finally:
            signal.set_wakeup_fd(old_wakeup)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            for descriptor in (self._alive_read, self._alive_write, self._wake_read, self._wake_write):
                os.close(descriptor)

    def _on_signal(self, number: int, _: object) -> None:
        self._signals += 1

    def _sleep(self, seconds: float) -> None:
        ready, _, _ = select.select([self._wake_read], [], [], seconds)
        if ready:
            os.read(self._wake_read, 4096)

    def _start_due(self) -> None:
        for child in self._children:
            if not child.pid and time.monotonic() >= child.restart_at:
                self._start(child)

    def _start(self, child: Child) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        child.started = time.monotonic()
        # A signal that reaches the child before its own handlings are set would be taken by the supervisor's, and lost.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, OURS)
        child.pid = os.fork()
        if child.pid:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            return
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in OURS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(self._alive_write)
            child.run(self._alive_read)
            code = 0
        except KeyboardInterrupt:
            code = 0
        except Exception as error:  # the last frame of a process: said before it ends
            log.error("process failed", process=child.name, exc_info=error)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _reap(self) -> None:
        for child in self._children:
            if not child.pid:
                continue
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if not pid:
                continue
            child.pid = 0
            if self._signals:
                continue
            ran = time.monotonic() - child.started
            child.deaths = 1 if ran > STEADY else child.deaths + 1
            pause = RESTART_PAUSES[min(child.deaths, len(RESTART_PAUSES)) - 1]
            child.restart_at = time.monotonic() + pause
            log.error("process died", process=child.name, status=os.waitstatus_to_exitcode(status), restart_in=pause)

    def _end(self) -> int:
        ends = time.monotonic() + DRAIN
        self._kill(signal.SIGTERM)
        told = self._signals
        while any(child.pid for child in self._children):
            self._reap()
            if time.monotonic() > ends or self._signals > told + 1:
                self._kill(signal.SIGKILL)
                for child in self._children:
                    if child.pid:
                        os.waitpid(child.pid, 0)
                return 1
            self._tend()
            self._sleep(0.05)
        return 0

    def _kill(self, number: signal.Signals) -> None:
        for child in self._children:
            if child.pid:
                os.kill(child.pid, number)
