"""The load generators: Kafka's performance tools, confluent-kafka, and the closed loop."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from benchmarks.brokers import CLIENT_CPU
from compat.differential.codec import decode_response
from compat.differential.conversation import error_codes
from compat.kafka import Tool

ROOT: Final = Path(__file__).parents[1]
LOAD: Final = ROOT / "target" / "release" / "pybroker-load"
RUN_TIMEOUT_S: Final = 900
CLIENT_HEAP: Final = "512M"
PRODUCED: Final = re.compile(
    r"(?P<records>\d+) records sent, (?P<rate>[\d.]+) records/sec \((?P<mb>[\d.]+) MB/sec\), "
    r"(?P<mean>[\d.]+) ms avg latency, [\d.]+ ms max latency, (?P<p50>\d+) ms 50th, "
    r"\d+ ms 95th, (?P<p99>\d+) ms 99th, (?P<p999>\d+) ms 99.9th"
)


def _tool(class_name: str, *, pinned: bool) -> Tool:
    return Tool(class_name, cpu=CLIENT_CPU if pinned else None, heap=CLIENT_HEAP, jvm_options=())


def producer_performance(
    bootstrap_servers: str,
    topic: str,
    *,
    records: int,
    record_bytes: int,
    properties: Mapping[str, str],
    rate: int = -1,
    pinned: bool = True,
) -> dict[str, float]:
    """Run Kafka's ProducerPerformance with random payloads and read its last line."""
    given = [f"{key}={value}" for key, value in properties.items()]
    result = _tool("ProducerPerformance", pinned=pinned).run(
        *("--bootstrap-server", bootstrap_servers, "--topic", topic),
        *("--num-records", str(records), "--record-size", str(record_bytes)),
        *("--throughput", str(rate), "--command-property", *given),
        timeout_s=RUN_TIMEOUT_S,
    )
    lines = list(PRODUCED.finditer(result.stdout))
    if result.exit_code != 0 or not lines or int(lines[-1]["records"]) != records:
        raise RuntimeError(f"ProducerPerformance failed: {result}")
    last = lines[-1]
    return {
        "records/s": float(last["rate"]),
        "MB/s": record_bytes * float(last["rate"]) / 1e6,
        "mean ms": float(last["mean"]),
        "p50 ms": float(last["p50"]),
        "p99 ms": float(last["p99"]),
        "p99.9 ms": float(last["p999"]),
    }


def consumer_performance(
    bootstrap_servers: str, topic: str, *, records: int, pinned: bool = True
) -> dict[str, float]:
    """Run Kafka's ConsumerPerformance from the beginning of a topic; check the count."""
    result = _tool("ConsumerPerformance", pinned=pinned).run(
        *("--bootstrap-server", bootstrap_servers, "--topic", topic),
        *("--num-records", str(records), "--hide-header"),
        timeout_s=RUN_TIMEOUT_S,
    )
    lines = result.lines
    if result.exit_code != 0 or not lines:
        raise RuntimeError(f"ConsumerPerformance failed: {result}")
    columns = [column.strip() for column in lines[-1].split(",")]
    if int(columns[4]) < records:
        raise RuntimeError(f"{columns[4]} of {records} records were read")
    # Columns 8 and 9: without the time to join the group.
    return {"MB/s": float(columns[8]) * 1.048576, "records/s": float(columns[9])}


def run_client(module: str, arguments: Mapping[str, Any], *, pinned: bool) -> Any:
    """Run one of our client modules in a process of its own and give the JSON that it prints."""
    with start_client(module, arguments, pinned=pinned) as process:
        return finish_client(process)


def start_client(
    module: str, arguments: Mapping[str, Any], *, pinned: bool
) -> subprocess.Popen[str]:
    """Start a client module; `arguments` are handed over as JSON."""
    return subprocess.Popen(
        [*_pin(pinned=pinned), sys.executable, "-m", module, json.dumps(arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish_client(process: subprocess.Popen[str]) -> Any:
    """Wait for a client module and read what it found."""
    stdout, _ = process.communicate(timeout=RUN_TIMEOUT_S)
    if process.returncode != 0:
        raise RuntimeError(f"{process.args!r} failed with {process.returncode}")
    return json.loads(stdout)


@cache
def _load_binary() -> str:
    subprocess.run(
        ["cargo", "build", "--quiet", "--release", "-p", "pybroker-load"], cwd=ROOT, check=True
    )
    return str(LOAD)


def start_load(
    port: int,
    frames: Sequence[bytes],
    *,
    connections: int,
    duration_s: float,
    warmup_s: float = 1.0,
    rate: int | None = None,
    niceness: int = 0,
    pinned: bool = True,
) -> subprocess.Popen[str]:
    """Start the closed loop. Connection `i` repeats frame `i` modulo their number."""
    polite = ["nice", "-n", str(niceness)] if niceness else []
    process = subprocess.Popen(
        [
            *(*_pin(pinned=pinned), *polite, _load_binary()),
            *("--address", f"127.0.0.1:{port}", "--connections", str(connections)),
            *("--warmup-ms", str(int(warmup_s * 1000))),
            *("--duration-ms", str(int(duration_s * 1000))),
            *(() if rate is None else ("--rate", str(rate))),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write("".join(f"{frame.hex()}\n" for frame in frames))
    process.stdin.close()
    process.stdin = None
    return process


def finish_load(process: subprocess.Popen[str], api: str, version: int) -> dict[str, Any]:
    """Wait for the closed loop; make sure that all it got were answers without an error."""
    found: dict[str, Any] = finish_client(process)
    for name in ("first_answer", "last_answer"):
        if found[name]:
            # The generator has taken length and correlation id off.
            _, answer = decode_response(api, version, bytes(4) + bytes.fromhex(found[name]))
            if error_codes(answer) - {"NONE"}:
                raise RuntimeError(f"{api} answered {answer}")
    if found["other_size"] or not found["requests"]:
        raise RuntimeError(f"{api}: {found['other_size']} of {found['requests']} answers differ")
    return found


def _pin(*, pinned: bool) -> list[str]:
    return ["taskset", "-c", str(CLIENT_CPU)] if pinned else []
