"""What the tests of the Java client share: its classes, compiled once."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.tools import ROOT, need

CLIENT = ROOT / "clients" / "java"
PROGRAMS = Path(__file__).parent / "java"
USERS = ("RoundTrip", "VerifyWebhook")
"""The tests' own programs that use the client."""
ANNOTATIONS = Path("/usr/share/java/jakarta-annotation-api.jar")
"""Debian's libjakarta-annotation-api-java: the version that the pom names."""


def jars() -> str:
    """What the client is compiled with. No Maven repository need be reached: Jackson is in openapi-generator's jar."""
    found = importlib.util.find_spec("openapi_generator_cli")
    assert found
    assert found.origin
    if not ANNOTATIONS.exists():
        reason = f"{ANNOTATIONS} is not on this machine (apt: libjakarta-annotation-api-java)"
        if os.environ.get("GATEWAY_TEST_TOOLS") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    return f"{Path(found.origin).with_name('openapi-generator.jar')}:{ANNOTATIONS}"


@dataclass(frozen=True, slots=True)
class Java:
    """A class path with the client, its smoke program and the tests' own programs."""

    path: str
    generated: Path
    """The sources that were generated for it."""

    def run(self, name: str, given: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        """Runs a class, in a locale that knows ASCII only."""
        return subprocess.run(
            [need("java"), "-cp", self.path, name],
            input=given,
            env={**os.environ, **environ, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=90,
            check=False,
        )

    def compile(self, into: Path, *sources: Path) -> Java:
        """Its class path and more: what was compiled into the folder. Warnings of ours are failures."""
        done = subprocess.run(
            [
                *(need("javac"), "--release", "17", "-encoding", "UTF-8", "-proc:none", "-Xlint:all,-processing"),
                *("-Werror", "-d", str(into), "-cp", self.path, *map(str, sources)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return Java(f"{into}:{self.path}", self.generated)


@pytest.fixture(scope="session")
def java(tmp_path_factory: pytest.TempPathFactory) -> Java:
    """(A fixture of each file that imports it: hence the cache.)"""
    return compiled(tmp_path_factory.getbasetemp() / "java-client")


@cache
def compiled(folder: Path) -> Java:
    compiler, path = need("javac"), jars()
    generated, client, ours = (folder / name for name in ("generated", "client", "ours"))
    ours.mkdir(parents=True)
    done = subprocess.run([str(CLIENT / "generate"), str(generated)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    done = subprocess.run(  # generated code is not searched for what may be done better
        [
            *(compiler, "--release", "17", "-encoding", "UTF-8", "-proc:none", "-nowarn", "-Xlint:none"),
            *("-d", str(client), "-cp", path, *map(str, sorted(generated.rglob("*.java")))),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Java(f"{client}:{path}", generated).compile(
        ours, *sorted(CLIENT.glob("src/**/*.java")), *(PROGRAMS / f"{name}.java" for name in USERS)
    )
