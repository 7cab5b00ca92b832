"""A Kafka-wire-compatible broker that one pip install brings.

`pybroker.Broker` runs one inside your process; `pybroker serve` runs one as a program.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pybroker.broker import Broker

__all__ = ["Broker"]


def __getattr__(name: str) -> object:
    """Import what is asked for: `pybroker --help` must not pay for a broker."""
    if name == "Broker":
        from pybroker.broker import Broker  # noqa: PLC0415

        return Broker
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
