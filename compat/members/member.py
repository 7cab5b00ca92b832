"""One member in a process of its own, and the table of the clients that can be one."""

import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from compat.kafka import Tool
from compat.members.journal import Journal

HERE: Final = Path(__file__).parent
GO_MEMBER: Final = HERE.parent / ".cache" / "go-member"
END_TIMEOUT_S: Final = 30.0
BUILD_TIMEOUT_S: Final = 600
LAST_LINES: Final = 20

SESSION_TIMEOUT_MS: Final = 6_000
TOPIC: Final = "numbers"


class Place(NamedTuple):
    """What a member must know."""

    bootstrap_servers: str
    group_id: str


def _java(place: Place, protocol: str) -> subprocess.Popen[str]:
    arguments = [
        *("--bootstrap-server", place.bootstrap_servers, "--topic", TOPIC),
        *("--group-id", place.group_id, "--group-protocol", protocol),
    ]
    if protocol == "classic":
        arguments += ["--session-timeout", str(SESSION_TIMEOUT_MS)]
    return Tool("VerifiableConsumer", heap="128M").start(*arguments)


def _go(place: Place, protocol: str) -> subprocess.Popen[str]:
    return _start(str(GO_MEMBER), place.bootstrap_servers, place.group_id, TOPIC, protocol)


def _python(library: str) -> Callable[[Place, str], subprocess.Popen[str]]:
    def start(place: Place, protocol: str) -> subprocess.Popen[str]:
        return _start(
            *(sys.executable, "-m", "compat.members.python_member", library),
            *(place.bootstrap_servers, place.group_id, TOPIC, protocol),
        )

    return start


def _start(*command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )


# Protocol and how to start it, by the name of the kind.
KINDS: Final[dict[str, tuple[str, Callable[[Place, str], subprocess.Popen[str]]]]] = {
    "java-classic": ("classic", _java),
    "java-consumer": ("consumer", _java),
    "go-classic": ("classic", _go),
    "go-consumer": ("consumer", _go),
    "confluent-classic": ("classic", _python("confluent")),
    "confluent-consumer": ("consumer", _python("confluent")),
    "kafka-python": ("classic", _python("kafka-python")),
    "aiokafka": ("classic", _python("aiokafka")),
}


def build_go_member() -> None:
    """Build the Go client; its modules come from the module proxy the first time."""
    GO_MEMBER.parent.mkdir(exist_ok=True)
    subprocess.run(
        ["go", "build", "-o", str(GO_MEMBER), "."],
        cwd=HERE / "go",
        env=os.environ | {"CGO_ENABLED": "0"},
        check=True,
        timeout=BUILD_TIMEOUT_S,
    )


class Member:
    """A process whose lines go into the journal."""

    def __init__(self, name: str, kind: str, place: Place, journal: Journal) -> None:
        self.name = name
        self.kind = kind
        self._journal = journal
        self._last_errors: deque[str] = deque(maxlen=LAST_LINES)
        protocol, start = KINDS[kind]
        self._process = start(place, protocol)
        self._readers = [
            threading.Thread(target=target, name=name)
            for target in (self._read_lines, self._read_errors)
        ]
        for reader in self._readers:
            reader.start()

    def _read_lines(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                self._journal.add(self.name, json.loads(line))

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        self._last_errors.extend(self._process.stderr)

    def check(self) -> None:
        """Fail, with the last that it said, when it has ended by itself."""
        if self._process.poll() is None:
            return
        self._end()
        raise AssertionError(f"{self.name} ended by itself:\n{''.join(self._last_errors)}")

    def kill(self) -> None:
        """End it without a word."""
        self._process.kill()
        self._end()

    def leave(self) -> None:
        """Let it commit, leave the group and end."""
        self._process.terminate()
        self._end()

    def _end(self) -> None:
        try:
            self._process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for reader in self._readers:
            reader.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        self._journal.forget(self.name)
