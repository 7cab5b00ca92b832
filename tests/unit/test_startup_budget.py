"""What may be imported before the first answer: every module costs the start of every broker."""

import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

API_VERSIONS_REQUEST = struct.pack(">ihhih", 10, 18, 0, 1, -1)

# pybroker's own modules, by full name. `importlib.import_module`, which brings the handlers that
# are asked for, leaves no trace in what Python reports.
OWN = [
    "pybroker",
    "pybroker._native",
    "pybroker.api",
    "pybroker.broker",
    "pybroker.cli",
    "pybroker.cli.arguments",
    "pybroker.cli.serve",
    "pybroker.clock",
    "pybroker.configs",
    "pybroker.configs.config",
    "pybroker.configs.environment",
    "pybroker.configs.keys",
    "pybroker.configs.listeners",
    "pybroker.configs.loading",
    "pybroker.configs.properties",
    "pybroker.configs.resources",
    "pybroker.configs.topic_config",
    "pybroker.configs.topic_keys",
    "pybroker.configs.values",
    "pybroker.data_directory",
    "pybroker.data_plane",
    "pybroker.disk_reserve",
    "pybroker.dispatch",
    "pybroker.errors",
    "pybroker.handlers",
    "pybroker.log_dirs",
    "pybroker.metadata",
    "pybroker.metadata.dynamic_configs",
    "pybroker.metadata.topics",
    "pybroker.metadata.uuids",
    "pybroker.observability",
    "pybroker.observability.logs",
    "pybroker.protocol",
    "pybroker.protocol.api_versions",
    "pybroker.protocol.codec",
    "pybroker.protocol.declare",
    "pybroker.protocol.error_codes",
    "pybroker.retention",
    "pybroker.retention.schedule",
    "pybroker.store",
    "pybroker.store.checkpointer",
    "pybroker.store.cluster",
    "pybroker.store.configs",
    "pybroker.store.consumer_groups",
    "pybroker.store.database",
    "pybroker.store.groups",
    "pybroker.store.identity",
    "pybroker.store.producer_ids",
    "pybroker.store.schema",
    "pybroker.store.topics",
    "pybroker.timers",
    "pybroker.transactions",
    "pybroker.transactions.producer_ids",
]

# Packages of the standard library that are imported by name; what they import themselves counts
# as theirs.
STANDARD = (
    "asyncio",
    "base64",
    "fcntl",
    "heapq",
    "logging",
    "pathlib",
    "re",
    "resource",
    "signal",
    "sqlite3",
)


def test_nothing_is_imported_before_the_first_answer_but_what_is_named_here(
    tmp_path: Path,
) -> None:
    imported = imported_before_the_first_answer(tmp_path)
    needed_by_python = imported_by("pass") | imported_by("import runpy")
    allowed = set(OWN) | needed_by_python
    allowed |= imported_by(f"import {', '.join(STANDARD)}")
    assert {name for name in imported if not is_internal(name)} - allowed == set()


def test_the_names_of_the_budget_are_all_used(tmp_path: Path) -> None:
    assert set(OWN) - imported_before_the_first_answer(tmp_path) == set()


def imported_before_the_first_answer(tmp_path: Path) -> set[str]:
    """Start a broker as a program, ask for ApiVersions, and read what was imported until then."""
    imports = tmp_path / "imports"
    command = [sys.executable, "-X", "importtime", "-m", "pybroker", "serve", "--ephemeral"]
    with (
        imports.open("w") as written,
        subprocess.Popen(
            [*command, "--port", "0"], stdout=subprocess.PIPE, stderr=written, text=True
        ) as broker,
    ):
        try:
            assert broker.stdout is not None
            port = int(broker.stdout.readline().rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
                client.sendall(API_VERSIONS_REQUEST)
                assert client.recv(1)
            return modules_in(imports.read_text())
        finally:
            broker.send_signal(signal.SIGTERM)
            broker.communicate(timeout=30)


def imported_by(source: str) -> set[str]:
    command = [sys.executable, "-X", "importtime", "-c", source]
    return modules_in(subprocess.run(command, check=True, capture_output=True, text=True).stderr)


def modules_in(importtime: str) -> set[str]:
    lines = (line for line in importtime.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip() for line in lines} - {"imported package"}


def is_internal(name: str) -> bool:
    """Whether a module belongs to the interpreter: its names begin with an underscore."""
    return name.startswith(("_", "encodings"))
