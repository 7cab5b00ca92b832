"""Row 7: from the last join of a group to the moment at which all is assigned."""

from functools import partial
from itertools import count
from typing import Any, Final

from benchmarks.client import create_topic
from benchmarks.generators import run_client
from benchmarks.measure import Amount, Figures, Scale, Work
from compat.process import BrokerProcess

PARTITIONS: Final = 100
TOPIC: Final = "shared"
MEMBERS: Final = (2, 10, 50)

# The assignor of a classic group, or the server's.
PROTOCOLS: Final[dict[str, dict[str, Any]]] = {
    "classic, range": {"partition.assignment.strategy": "range"},
    "classic, cooperative-sticky": {"partition.assignment.strategy": "cooperative-sticky"},
    "consumer protocol": {"group.protocol": "consumer"},
}

# A group of a former run must not be met again.
_numbers: Final = count()


def _make_topic(broker: BrokerProcess, _scale: Scale) -> None:
    create_topic(broker.port, TOPIC, PARTITIONS)


def _settle(
    broker: BrokerProcess, scale: Scale, *, members: int, properties: dict[str, Any]
) -> tuple[Figures, Amount]:
    figures: Figures = run_client(
        "benchmarks.clients.group",
        {
            "bootstrap_servers": broker.bootstrap_servers,
            "group_id": f"settling-{next(_numbers)}",
            "topic": TOPIC,
            "partitions": PARTITIONS,
            "members": members,
            "properties": properties,
        },
        pinned=scale.pinned,
    )
    return figures, Amount()


WORKS: Final = tuple(
    Work(
        7,
        f"{members} members started together, {protocol}, confluent-kafka",
        partial(_settle, members=members, properties=properties),
        prepare=_make_topic if (members, protocol) == (MEMBERS[0], "classic, range") else None,
    )
    for protocol, properties in PROTOCOLS.items()
    for members in MEMBERS
)
