"""The API against its own document as anybody may test it: schemathesis from the command line, all checks on, against
a running gateway and the committed file. What is set, and why, stands in schemathesis.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract_live import Live
from tests.harness import ADMIN_KEY

ROOT = Path(__file__).parent.parent
SEED, SECONDS = 20261121, 60
"""Another seed is another test: any that finds something is a bug."""


@pytest.mark.parametrize("redis_server", ["single"], indirect=True)
def test_the_command_line_finds_nothing(redis_url: str, redis_server: str, tmp_path: Path) -> None:
    live = Live(redis_url, tmp_path, dispatching=True)
    try:
        done = subprocess.run(
            [
                *(Path(sys.executable).parent / "schemathesis", "run", ROOT / "openapi" / "openapi.json"),
                *("--url", live.url, "--header", f"Authorization: Bearer {ADMIN_KEY}"),
                *("--checks", "all", "--phases", "examples,coverage,fuzzing,stateful", "--mode", "all"),
                *("--seed", str(SEED), "--generation-deterministic", "--max-examples", "15"),
                *("--continue-on-failure", "--no-color", "--report", "ndjson", "--report-dir", tmp_path / "report"),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=4 * SECONDS,
        )
    finally:
        live.stop()
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    for phase in ("Examples", "Coverage", "Fuzzing", "Stateful"):
        assert f"✅ {phase}" in done.stdout, done.stdout[-3000:]
