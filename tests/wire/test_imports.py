"""A message is imported at the first request of its key, so its import must cost nearly nothing."""

import subprocess
import sys

import pytest

from tests.wire.messages import MESSAGES

# What the interpreter and any asyncio program have loaded anyway.
ALLOWED = "import typing, enum, collections.abc"


@pytest.mark.parametrize(
    "module", ["declare", "codec", "error_codes", "metadata", "streams_group_heartbeat"]
)
def test_a_message_brings_no_module_but_its_own(module: str) -> None:
    program = (
        f"import sys; {ALLOWED}; before = set(sys.modules); import pybroker.protocol.{module}; "
        "print(*(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    foreign = [name for name in done.stdout.decode().split() if not name.startswith("pybroker")]
    assert foreign == []


def test_a_message_module_needs_only_the_declarations() -> None:
    allowed = {"pybroker.protocol.declare", "pybroker.errors", "typing"}
    for cls in MESSAGES.values():
        names = vars(sys.modules[cls.__module__]).values()
        modules = {value.__module__ for value in names if isinstance(value, type)}
        assert modules <= {cls.__module__, *allowed}
