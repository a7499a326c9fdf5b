"""Clients in other languages, as `clients/generate LANG OUT` writes them: sound code, and in Go a client at work."""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.sandbox import sandbox
from tests.tools import ROOT, need

GO_PROGRAM = Path(__file__).parent / "go" / "main.go"
GO_PATH = Path("/usr/share/gocode")
"""Where Debian's golang-gopkg-validator.v2-dev is, all that the client imports."""


def generated(language: str, out: Path, *arguments: str) -> Path:
    need("java")
    command = [str(ROOT / "clients" / "generate"), language, str(out), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return out


def test_a_client_in_go_works(tmp_path: Path) -> None:
    """It compiles, and its types take what the gateway says: unions, what may be null, problems in a list."""
    go = need("go")
    generated("go", tmp_path / "src" / "gateway", "-p", "packageName=gateway")
    program = tmp_path / "program"
    environ = {**os.environ, "GO111MODULE": "off", "GOPATH": f"{tmp_path}:{GO_PATH}"}
    for command in (["vet", "gateway"], ["build", "-o", str(program), str(GO_PROGRAM)]):
        done = subprocess.run([go, *command], env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    with sandbox(tmp_path) as here:
        environ = {**os.environ, **here}
        done = subprocess.run([program], env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "all went well\n"), done.stderr


PARSERS = {
    "php": ("php", "foreach (array_slice($argv, 1) as $each) token_get_all(file_get_contents($each), TOKEN_PARSE);"),
    "ruby": ("rb", "ARGV.each { |each| RubyVM::InstructionSequence.compile_file(each) }"),
}
"""How their sources end, and what parses those that are given."""


@pytest.mark.parametrize("language", PARSERS)
def test_a_client_can_be_parsed(language: str, tmp_path: Path) -> None:
    program, (ending, parser) = need(language), PARSERS[language]
    sources = sorted(map(str, generated(language, tmp_path / "out").rglob(f"*.{ending}")))
    assert len(sources) > 80
    (tmp_path / f"broken.{ending}").write_text("<?php function (" if language == "php" else "def (")
    for given, right in ((sources, True), ([str(tmp_path / f"broken.{ending}")], False)):
        command = [program, *(("-r",) if language == "php" else ("-e",)), parser, "--", *given]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) == right, done.stdout + done.stderr


def test_openapi_generators_own_client_in_python_can_be_compiled(tmp_path: Path) -> None:
    """(Not the one in clients/python, which another generator writes.)"""
    sys.path.insert(0, str(ROOT / "clients"))
    try:
        from openapi_generator import generate  # type: ignore[import-not-found]
    finally:
        sys.path.pop(0)
    need("java")
    assert generate("python", tmp_path, {}) > 80
    assert compileall.compile_dir(tmp_path, quiet=1)


@pytest.mark.parametrize("language", ["csharp", "kotlin", "rust"])
def test_a_client_is_written(language: str, tmp_path: Path) -> None:
    """Their compilers were not at hand: only that there is a file for each schema of a union is shown."""
    names = {path.stem.replace("_", "").lower() for path in generated(language, tmp_path).rglob("*") if path.is_file()}
    assert {"feedeventout", "verificationin", "verifynumberout", "problem"} <= names
