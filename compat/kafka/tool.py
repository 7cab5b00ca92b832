"""Kafka's command line tools, as a user runs them: arguments, stdin, stdout."""

import subprocess
from collections.abc import Sequence
from typing import Final, NamedTuple

from compat.kafka.jars import java_command

TOOL_TIMEOUT_S: Final = 90

# Short-lived commands start twice as fast without the second compiler.
QUICK_START: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")


class ToolResult(NamedTuple):
    """What a tool left behind."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[str]:
        """The lines of stdout that hold something."""
        return [line for line in self.stdout.splitlines() if line.strip()]


class Tool:
    """One of Kafka's tools, by the name of its class (`org.apache.kafka.tools.` is understood)."""

    def __init__(
        self,
        class_name: str,
        *,
        cpu: int | None = None,
        heap: str = "256M",
        jvm_options: Sequence[str] = QUICK_START,
    ) -> None:
        if not class_name.startswith(("org.", "kafka.")):
            class_name = f"org.apache.kafka.tools.{class_name}"
        self._class_name = class_name
        self._cpu = cpu
        self._heap = heap
        self._jvm_options = tuple(jvm_options)

    def _command(self) -> list[str]:
        pin = [] if self._cpu is None else ["taskset", "-c", str(self._cpu)]
        java = java_command(
            heap=self._heap, jvm_options=self._jvm_options, class_name=self._class_name
        )
        return [*pin, *java]

    def run(
        self, *arguments: str, stdin: str = "", timeout_s: float = TOOL_TIMEOUT_S
    ) -> ToolResult:
        """Run the tool to its end."""
        done = subprocess.run(
            [*self._command(), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        return ToolResult(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the tool and leave it running; stdin, stdout and stderr are pipes."""
        return subprocess.Popen(
            [*self._command(), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
