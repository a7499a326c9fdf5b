"""A vendor nobody has heard of, in a folder of its own: on the one list it passes the suite, and needs nothing else."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.conftest import free_port

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent.parent
ENLISTED = "import sys, tests.conformance.enlist; from gateway.__main__ import main; sys.exit(main())"


def test_it_is_an_afternoon_s_work() -> None:
    files = sorted((FOLDER / "carrierpigeon").glob("*.py"))
    assert [path.name for path in files] == ["__init__.py", "codes.py", "simulator.py"]
    assert sum(len(path.read_text().splitlines()) for path in files) < 200


def test_it_passes_the_whole_suite() -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    options = ["-p", "tests.conformance.enlist", "-p", "no:cacheprovider", "-k", "carrierpigeon", "--ignore", __file__]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(FOLDER)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environ,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stdout
    assert int(re.findall(r"(\d+) passed", ran.stdout)[0]) > 60, ran.stdout


def test_the_sandbox_delivers_through_it() -> None:
    command = [sys.executable, "-c", ENLISTED, "sandbox", "--port", str(free_port())]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout
    try:
        greeting = ""
        while "Ctrl-C" not in greeting:
            line = process.stdout.readline()
            assert line, "the sandbox ended"
            greeting += line
        [url] = re.findall(r"Base URL\s+(\S+)", greeting)
        key = re.findall(r"Authorization: Bearer ([\w-]+)", greeting)[0]
        [body] = re.findall(r"-d '(.*\+336.*)'", greeting)
        transport, headers = httpx.HTTPTransport(retries=8), {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=url, headers=headers, transport=transport, timeout=10) as api:
            message = api.post("/messages", json=json.loads(body)).json()
            assert message["provider"] == "carrierpigeon"
            ends = time.monotonic() + 15
            while message["status"] != "delivered":
                assert time.monotonic() < ends, message
                time.sleep(0.1)
                message = api.get(f"/messages/{message['id']}", params={"refresh": "true"}).json()
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        process.stdout.close()
