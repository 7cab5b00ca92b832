"""Row 7: from the last join of a group to the moment at which all is assigned; a large group."""

from functools import partial
from itertools import count
from typing import Any, Final

from benchmarks.client import Client, create_topic, frames
from benchmarks.clients.large_group import HEARTBEAT, LargeGroup
from benchmarks.generators import finish_load, run_client, start_load
from benchmarks.measure import Amount, Figures, Scale, Work, load_figures
from compat.process import BrokerProcess

PARTITIONS: Final = 100
TOPIC: Final = "shared"
MEMBERS: Final = (2, 10, 50)
MANY_MEMBERS: Final = 1_000
MANY_MEMBERS_QUICK: Final = 100
DURATION_S: Final = 3
DURATION_QUICK_S: Final = 1

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


def _settle_many(broker: BrokerProcess, scale: Scale) -> tuple[Figures, Amount]:
    group_id = f"large-{next(_numbers)}"
    members = scale.pick(MANY_MEMBERS, MANY_MEMBERS_QUICK)
    with Client(broker.port) as client:
        client.ask_until_it_works("find_coordinator", 0, key=group_id)
    seconds, heartbeats = LargeGroup(broker.port, group_id, members).settle()
    before = broker.usage()
    load = start_load(
        broker.port,
        frames(*HEARTBEAT, heartbeats),
        connections=members,
        duration_s=scale.pick(DURATION_S, DURATION_QUICK_S),
        pinned=scale.pinned,
    )
    answer = finish_load(load, *HEARTBEAT)
    cpu_s = broker.usage().cpu_s - before.cpu_s
    figures, _ = load_figures(answer)
    figures["broker CPU µs/heartbeat"] = cpu_s * 1e6 / answer["sent"]
    return {"settled s": seconds, **figures}, Amount()


WORKS: Final = (
    *(
        Work(
            7,
            f"{members} members started together, {protocol}, confluent-kafka",
            partial(_settle, members=members, properties=properties),
            prepare=_make_topic if (members, protocol) == (MEMBERS[0], "classic, range") else None,
        )
        for protocol, properties in PROTOCOLS.items()
        for members in MEMBERS
    ),
    Work(7, f"{MANY_MEMBERS} simulated members: settling, then heartbeats", _settle_many),
)
