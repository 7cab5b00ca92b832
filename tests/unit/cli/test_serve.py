"""`pybroker serve` as a script sees it: lines, signals, exit codes."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ENDPOINT = re.compile(r"Node (\d+) listens on PLAINTEXT://localhost:(\d+)")


class Served:
    """A `pybroker` that runs, and what it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.errors: list[str] = []
        self._reader = threading.Thread(target=self._read_errors)
        self._reader.start()

    def endpoints(self, count: int) -> dict[int, int]:
        """Wait for the lines of so many endpoints. Gives the port of each node."""
        assert self.process.stdout is not None
        found = {}
        for _ in range(count):
            line = self.process.stdout.readline()
            match = ENDPOINT.fullmatch(line.strip())
            assert match, (line, self.errors)
            found[int(match[1])] = int(match[2])
        return found

    def end(self, number: signal.Signals) -> int:
        """Send a signal, wait for the end. Gives the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(30)
        self._reader.join()
        return code

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(self.process.stderr)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Start `pybroker`, in an empty folder, with these arguments and this environment."""
    started: list[Served] = []

    def start(*arguments: str, **environment: str) -> Served:
        served = Served(
            subprocess.Popen(
                [sys.executable, "-m", "pybroker", *arguments],
                cwd=tmp_path,
                env=os.environ | environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        started.append(served)
        return served

    yield start
    for served in started:
        if served.process.poll() is None:
            served.end(signal.SIGKILL)
        for pipe in (served.process.stdout, served.process.stderr):
            assert pipe is not None
            pipe.close()


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `pybroker` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "pybroker", *arguments],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_code_0(
    serve: Callable[..., Served], number: signal.Signals
) -> None:
    served = serve("serve", "--port", "0")
    served.endpoints(1)
    assert served.end(number) == 0


def test_it_says_where_it_listens_and_that_it_is_ready(serve: Callable[..., Served]) -> None:
    served = serve("--port", "0", "--ephemeral")
    port = served.endpoints(1)[1]
    for host in ("127.0.0.1", "::1"):
        socket.create_connection((host, port), timeout=10).close()
    assert served.end(signal.SIGTERM) == 0
    said = "".join(served.errors)
    line = r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\] INFO .*\(.*\)$"
    assert all(re.match(line, one) for one in served.errors), said
    assert "[KafkaRaftServer nodeId=1] Kafka Server started (kafka.server.KafkaRaftServer)" in said
    assert "Transitioning from RECOVERY to RUNNING" in said


def test_several_brokers_listen_on_ports_that_follow_each_other(
    serve: Callable[..., Served],
) -> None:
    served = serve(
        "--port", str(free_ports(3)), "--brokers", "3", "--set", "node.id=5", "--ephemeral"
    )
    ports = served.endpoints(3)
    assert list(ports) == [5, 6, 7]
    assert ports[6] == ports[5] + 1
    assert ports[7] == ports[5] + 2
    assert served.end(signal.SIGTERM) == 0


def test_the_file_the_environment_and_set_are_read(
    tmp_path: Path, serve: Callable[..., Served]
) -> None:
    (tmp_path / "my.properties").write_text("listeners=PLAINTEXT://:0\nlog.dirs=one\nnode.id=3\n")
    served = serve("--config", "my.properties", "--set", "log.dirs=three", KAFKA_LOG_DIRS="two")
    assert list(served.endpoints(1)) == [3]
    assert served.end(signal.SIGTERM) == 0
    assert (tmp_path / "three").is_dir()
    assert not (tmp_path / "one").exists()
    assert not (tmp_path / "two").exists()


def test_data_is_in_the_folder_pybroker_data_unless_told_otherwise(
    tmp_path: Path, serve: Callable[..., Served]
) -> None:
    served = serve("--port", "0")
    served.endpoints(1)
    served.end(signal.SIGTERM)
    assert (tmp_path / "pybroker-data").is_dir()


def test_ephemeral_data_is_gone_afterwards(tmp_path: Path, serve: Callable[..., Served]) -> None:
    served = serve("--port", "0", "--ephemeral", TMPDIR=str(tmp_path))
    served.endpoints(1)
    assert len(list(tmp_path.glob("pybroker-*"))) == 1
    assert served.end(signal.SIGTERM) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_port_in_use_is_named_with_a_way_out(tmp_path: Path) -> None:
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("--port", str(port), "--ephemeral", cwd=tmp_path, TMPDIR=str(tmp_path))
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert f"pybroker: Port {port} is in use" in ended.stderr
    assert "--port N" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_data_directory_in_use_is_named(tmp_path: Path, serve: Callable[..., Served]) -> None:
    served = serve("--port", "0", "--data-dir", "data")
    served.endpoints(1)
    ended = run("--port", "0", "--data-dir", "data", cwd=tmp_path)
    assert ended.returncode == 1
    assert "The data directory data is in use by another broker" in ended.stderr
    assert served.end(signal.SIGTERM) == 0


BAD_STARTS = [
    (["--set", "num.partitions=0"], "Invalid value 0 for configuration num.partitions"),
    (["--set", "listeners=SSL://:9093"], "its protocol SSL is not supported; only PLAINTEXT is"),
    (["--config", "missing.properties"], "The config file missing.properties cannot be read"),
    (["--port", "70000"], "--port must be 0 to 65535, not 70000"),
    (["--data-dir", "/dev/null"], "The data directory /dev/null cannot be used"),
    (["--set", "listeners=PLAINTEXT://host.invalid:0"], "Listening on PLAINTEXT://host.invalid:0"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_STARTS)
def test_a_bad_start_says_why_and_exits_1(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    ended = run(*arguments, cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("meta.properties", "version=1\ncluster.id=abc\nnode.id=1\n", "belongs to a Kafka broker"),
        ("control.db", "no database" * 100, "control.db"),
    ],
)
def test_a_data_directory_that_is_not_pybrokers_is_named_and_left_as_it_is(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    (data_dir / name).write_text(content)
    ended = run("--data-dir", "data", "--port", "0", cwd=tmp_path)
    assert ended.returncode == 1
    assert said in ended.stderr
    assert ended.stderr.startswith("pybroker: ")
    assert ended.stderr.count("\n") == 1
    assert (data_dir / name).read_text() == content


def test_a_bad_argument_exits_2(tmp_path: Path) -> None:
    ended = run("--prot", "1", cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr == "pybroker: Unknown option --prot; did you mean --port?\n"


def test_unknown_and_meaningless_configs_are_told_and_do_not_stop_it(
    serve: Callable[..., Served],
) -> None:
    served = serve(
        "--ephemeral", "--port", "0", KAFKA_NUM_PARTITONS="3", KAFKA_PROCESS_ROLES="broker"
    )
    served.endpoints(1)
    assert served.end(signal.SIGTERM) == 0
    said = "".join(served.errors)
    assert said.count("num.partitons is not known. Did you mean num.partitions?") == 1
    assert said.count("no effect here: process.roles") == 1


def test_version_and_help_are_said_on_standard_output(tmp_path: Path) -> None:
    version = run("--version", cwd=tmp_path)
    assert version.returncode == 0
    assert re.fullmatch(r"pybroker \d+\.\d+\.\d+\S*\n", version.stdout)
    described = run("--help", cwd=tmp_path)
    assert described.returncode == 0
    assert described.stdout.startswith("Usage: pybroker")


def free_ports(count: int) -> int:
    """Find a port that is free, as are the next ones."""
    while True:
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(socket.create_server(("", 0))).getsockname()[1]
            with contextlib.suppress(OSError):
                for port in range(first + 1, first + count):
                    stack.enter_context(socket.create_server(("", port)))
                return first
