"""One session of Kafka's tools against two brokers: what they print must be the same, line by line.

What differs between two runs of one broker is normalised.
"""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from tempfile import NamedTemporaryFile
from typing import Final, NamedTuple, TypeAlias

from compat.kafka import Tool
from compat.process import BrokerProcess

StartBrokers: TypeAlias = Mapping[str, Callable[[Mapping[str, str]], BrokerProcess]]
Prepared: TypeAlias = Callable[[str], AbstractContextManager[None]]
Normalised: TypeAlias = Sequence[tuple[re.Pattern[str], str]]

ALWAYS_NORMALISED: Final = (
    (re.compile(r"\d+\.\d+\.\d+\.\d+:\d+"), "ADDRESS"),
    (re.compile(r"[ \t]+"), " "),
)
# The logging of the tools is theirs.
LOG_LINE: Final = re.compile(r"^\[?\d{4}-\d\d-\d\d.*(INFO|WARN|ERROR)|^SLF4J")


class Command(NamedTuple):
    """One run of a tool. `FILE` in its arguments stands for a file with `file` in it.

    Where a broker says more than the other on purpose, `only` is a pattern of the lines that count.
    """

    tool: Tool
    arguments: Sequence[str]
    file: str = ""
    only: re.Pattern[str] = re.compile("")

    def __str__(self) -> str:
        return " ".join(self.arguments)


class Session(NamedTuple):
    """Commands that run one after the other, against brokers with some settings."""

    name: str
    settings: Mapping[str, str]
    commands: Sequence[Command]
    normalised: Normalised

    def run(self, start: StartBrokers, prepared: Prepared) -> int:
        """Run every command against both brokers, print what differs, and give the exit code.

        `prepared` makes what the commands find, given the address of a broker.
        """
        with ExitStack() as stack, ThreadPoolExecutor(len(start)) as both:
            brokers = {name: stack.enter_context(new(self.settings)) for name, new in start.items()}
            for broker in brokers.values():
                stack.enter_context(prepared(broker.bootstrap_servers))
            different = 0
            for command in self.commands:
                ran = [both.submit(self._run, command, broker) for broker in brokers.values()]
                expected, actual = (each.result() for each in ran)
                if expected != actual:
                    different += 1
                    print(f"{self.name}: {command} DIFFERS", flush=True)
                    left, right = brokers
                    diff = difflib.unified_diff(expected, actual, left, right, lineterm="")
                    print("\n".join(diff), flush=True)
        count = len(self.commands)
        print(f"{self.name}: {count - different} of {count} commands print the same")
        return 1 if different else 0

    def _run(self, command: Command, broker: BrokerProcess) -> list[str]:
        """Run a tool and give its exit code and its lines, in an order that does not vary."""
        with NamedTemporaryFile("w", suffix=".csv") as file:
            file.write(command.file)
            file.flush()
            arguments = [file.name if word == "FILE" else word for word in command.arguments]
            servers = broker.bootstrap_servers
            result = command.tool.run("--bootstrap-server", servers, *arguments)
            text = f"{result.stdout}\n{result.stderr}".replace(file.name, "FILE")
        lines = [line.strip() for line in text.splitlines() if not LOG_LINE.match(line)]
        for pattern, stands in (*self.normalised, *ALWAYS_NORMALISED):
            lines = [pattern.sub(stands, line) for line in lines]
        lines = [line for line in lines if line and command.only.search(line)]
        # Tables come in the order of hash maps.
        return [f"exit code {result.exit_code}", *sorted(lines)]
