"""The processes' keeper by itself."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import os, signal, sys, time
from gateway.supervisor import Supervisor

def child(alive):
    time.sleep(60)

children = [(f"child-{number}", child) for number in range(4)]
sys.exit(Supervisor(children, lambda: None).run(lambda: os.kill(os.getpid(), signal.SIGTERM)))
"""


def test_a_signal_right_after_the_start_reaches_every_child() -> None:
    """It comes while they still have the supervisor's handlers, which took it in one of two rounds."""
    for _ in range(8):
        done = subprocess.run([sys.executable, "-c", SCRIPT], timeout=10, check=False, capture_output=True)
        assert done.returncode == 0, done.stderr
