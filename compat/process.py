"""A broker in a process of its own: started on a free port, awaited, measured, stopped.

`RealKafka` and `PybrokerProcess` share this class, so that whatever is played, run or measured
against the one is played, run or measured against the other in the same way.
"""

import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Final, NamedTuple, Self

HOST: Final = "127.0.0.1"
READY_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 30.0
PROBE_INTERVAL_S: Final = 0.001
PROBE_TIMEOUT_S: Final = 5.0
TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")

# ApiVersions v0, correlation id 1, no client id: what every version of every broker answers.
API_VERSIONS_PROBE: Final = struct.pack(">ihhih", 10, 18, 0, 1, -1)


class Usage(NamedTuple):
    """What a process has used up to now."""

    cpu_s: float
    rss_bytes: int
    peak_rss_bytes: int


def free_port() -> int:
    """Give a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def answers_api_versions(port: int) -> bool:
    """Say whether a broker on `port` answers ApiVersions."""
    try:
        with socket.create_connection((HOST, port), timeout=PROBE_TIMEOUT_S) as connection:
            connection.sendall(API_VERSIONS_PROBE)
            return len(connection.recv(4)) == 4
    except OSError:
        return False


class BrokerProcess(ABC):
    """One broker. A context manager: started on entry, stopped and its data removed on exit."""

    name: ClassVar[str]

    def __init__(
        self,
        *,
        settings: Mapping[str, str] | None = None,
        data_dir: Path | None = None,
        port: int = 0,
        cpu: int | None = None,
    ) -> None:
        self.settings = dict(settings or {})
        self.port = port or free_port()
        self._cpu = cpu
        self._owns_data = data_dir is None
        self.data_dir = data_dir or Path(tempfile.mkdtemp(prefix=f"compat-{self.name}-"))
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """Give the command that starts the broker."""

    def prepare(self) -> None:
        """Do what must be done before a start."""
        self.data_dir.mkdir(parents=True, exist_ok=True)

    @property
    def bootstrap_servers(self) -> str:
        """Give the address that clients dial."""
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """Give the process id of the running broker."""
        assert self._process is not None, f"{self.name} is not running"
        return self._process.pid

    def launch(self) -> None:
        """Execute the broker and return at once."""
        assert self._process is None, f"{self.name} is running already"
        pin = [] if self._cpu is None else ["taskset", "-c", str(self._cpu)]
        with (self.data_dir / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*pin, *self.command()], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def wait_until_ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Return when the broker answers ApiVersions; raise with its log if it does not."""
        assert self._process is not None
        deadline = time.monotonic() + timeout_s
        while not answers_api_versions(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                state = self._process.poll()
                raise RuntimeError(f"{self.name} does not answer (exit {state}):\n{self.log()}")
            time.sleep(PROBE_INTERVAL_S)

    def start(self) -> None:
        """Prepare, launch and wait until the broker answers."""
        self.prepare()
        self.launch()
        self.wait_until_ready()

    def stop(self) -> None:
        """Ask the broker to stop, and insist if it does not."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """End the broker as a power cut would, apart from the page cache."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let the broker use no CPU at all, so that it does not disturb another's measurement."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def log(self) -> str:
        """Give what the broker has printed."""
        return (self.data_dir / "broker.log").read_text(errors="replace")

    def usage(self) -> Usage:
        """Read what the process has used from /proc."""
        stat = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        status = Path(f"/proc/{self.pid}/status").read_text()
        sizes = {
            line.split(":")[0]: int(line.split()[1]) * 1024
            for line in status.splitlines()
            if line.startswith(("VmRSS", "VmHWM"))
        }
        # Fields 14 and 15 of the manual; the command and what is before it are cut off above.
        cpu_s = (int(stat[11]) + int(stat[12])) / TICKS_PER_SECOND
        return Usage(cpu_s, sizes["VmRSS"], sizes["VmHWM"])

    def reset_peak_rss(self) -> None:
        """Let the peak count from now."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    @contextmanager
    def launched(self) -> Iterator[None]:
        """Launch the broker, and stop it at the end; waiting for it is the caller's business."""
        self.launch()
        try:
            yield
        finally:
            self.__exit__()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._owns_data:
            shutil.rmtree(self.data_dir, ignore_errors=True)
