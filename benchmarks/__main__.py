"""`make bench`: this gateway, the fair and the naive baseline, in turn, on one vendor and equal Redis servers.

Per contender and round: messages accepted a second, and messages a second from the first request until the vendor
has the last one. The figures are medians over alternating rounds; what counts are the ratios, for the machine is
shared by everything here. Every feature of the gateway is on. Then the Redis memory of a message at rest.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import redis

from benchmarks.ports import free_port, wait_for_port
from gateway.settings import key_digest
from gateway.store.engine import find_engine

ROOT = Path(__file__).parent.parent
KEY = "benchmark-key"
CONFIG = """
[gateway]
redis_url = "{redis}"
data_dir = "{folder}"

[clients.bench]
keys = [{{ sha256 = "{digest}", scopes = ["send", "read"] }}]

[providers.main]
type = "aicross"
base_url = "{vendor}"
token = "token"
client_id = "1234"
sms_code = "80013"
callback_secret = "benchmark-secret"
concurrency = 64
rate = 50000
"""


@contextmanager
def running(command: list[str], port: int, log: Path, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server as a process group of its own, once its port answers."""
    with open(log, "ab") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=output, stderr=output, env={**os.environ, **environ}, start_new_session=True
        )
    try:
        wait_for_port(port, process)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(35)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def redis_server(folder: Path) -> Iterator[int]:
    port = free_port()
    folder.mkdir()
    command = [str(find_engine().path), "--port", str(port), "--dir", str(folder), "--save", ""]
    with running([*command, "--appendonly", "yes", "--appendfsync", "everysec"], port, folder / "log"):
        yield port


def count(vendor: str) -> int:
    with urllib.request.urlopen(f"{vendor}/count") as answer:
        return int(json.load(answer)["count"])


def one_round(name: str, vendor: str, folder: Path, messages: int, connections: int) -> dict[str, float]:
    """One contender on a Redis of its own, from nothing."""
    port = free_port()
    python = sys.executable
    with ExitStack() as stack:
        redis_port = stack.enter_context(redis_server(folder))
        url = f"redis://127.0.0.1:{redis_port}/0"
        if name == "gateway":
            config = folder / "gateway.toml"
            config.write_text(CONFIG.format(redis=url, folder=folder, digest=key_digest(KEY).hex(), vendor=vendor))
            command = [python, "-m", "gateway", "serve", "--config", str(config), "--port", str(port)]
        else:
            workers = "2" if name == "fair" else "1"
            factory = f"benchmarks.{name}:create_app"
            command = [python, "-m", "uvicorn", "--factory", factory, "--workers", workers, "--port", str(port)]
            command += ["--no-access-log", "--log-level", "warning"]
        environ = {"VENDOR_URL": vendor, "REDIS_URL": url, "API_KEY": KEY}
        stack.enter_context(running(command, port, folder / "log", **environ))
        time.sleep(1.0)
        load = [python, "-m", "benchmarks.load", "--url", f"http://127.0.0.1:{port}", "--key", KEY]
        load += ["--connections", str(connections), "--messages"]
        subprocess.run([*load, "500"], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        time.sleep(0.5)
        before, began = count(vendor), time.monotonic()
        with redis.Redis(port=redis_port) as client:
            memory = client.info("memory")["used_memory"]
        result = json.loads(subprocess.run([*load, str(messages)], check=True, capture_output=True, cwd=ROOT).stdout)
        while count(vendor) - before < messages and time.monotonic() - began < 120:
            time.sleep(0.02)
        ended = time.monotonic()
        time.sleep(1.0)
        with redis.Redis(port=redis_port) as client:
            at_rest = (client.info("memory")["used_memory"] - memory) / messages
        return {
            "accept": result["per_second"],
            "end_to_end": (count(vendor) - before) / (ended - began),
            "p99_ms": result["p99_ms"],
            "errors": messages - result["ok"],
            "bytes": at_rest,
        }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000, help="per round (the naive one gets a fifth)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--only", help="comma-separated contenders: gateway,fair,naive")
    options = parser.parse_args()
    contenders = options.only.split(",") if options.only else ["gateway", "fair", "naive"]
    results: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as temporary:
        vendor_port = free_port()
        vendor = f"http://127.0.0.1:{vendor_port}"
        command = [sys.executable, "-m", "benchmarks.vendor", "--port", str(vendor_port)]
        with running(command, vendor_port, Path(temporary) / "vendor.log"):
            for number in range(options.rounds):
                for name in contenders:
                    messages = options.messages // 5 if name == "naive" else options.messages
                    folder = Path(temporary) / f"{name}-{number}"
                    result = one_round(name, vendor, folder, messages, options.connections)
                    results[name].append(result)
                    figures = ", ".join(f"{what} {value:,.0f}" for what, value in result.items())
                    print(f"round {number + 1} {name}: {figures}", flush=True)
                    shutil.rmtree(folder)
    report(results)
    return 0


def report(results: dict[str, list[dict[str, float]]]) -> None:
    def median(name: str, what: str) -> float:
        return statistics.median(result[what] for result in results[name])

    print(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {find_engine()}")
    print(f"{'':10}{'accept/s':>12}{'end to end/s':>15}{'p99 ms':>10}{'Redis B/msg':>13}")
    for name in results:
        row = f"{median(name, 'accept'):>12,.0f}{median(name, 'end_to_end'):>15,.0f}{median(name, 'p99_ms'):>10,.1f}"
        print(f"{name:10}{row}{median(name, 'bytes'):>13,.0f}")
    for other in (name for name in results if name != "gateway" and "gateway" in results):
        accept = median("gateway", "accept") / median(other, "accept")
        through = median("gateway", "end_to_end") / median(other, "end_to_end")
        print(f"gateway / {other}: accept {accept:.2f}, end to end {through:.2f}")


if __name__ == "__main__":
    sys.exit(main())
