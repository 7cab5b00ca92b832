"""Row 15: requests that Python answers, and what Produce feels of them."""

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any, Final

from benchmarks.client import (
    Client,
    create_topic,
    delete_topic,
    frames,
    join_group,
    produce_frame,
)
from benchmarks.generators import finish_load, start_load
from benchmarks.measure import Amount, Figures, Scale, Work, load_figures
from compat.process import BrokerProcess

TOPIC: Final = "committed"
HEARTBEAT: Final = ("heartbeat", 4)
OFFSET_COMMIT: Final = ("offset_commit", 8)
CREATE_TOPICS: Final = ("create_topics", 7)
TOPICS_CHECKED: Final = 200
FIND_COORDINATOR: Final = ("find_coordinator", 4)
PRODUCED: Final = "meanwhile"
GROUPS: Final = 64
DURATION_S: Final = 3
DURATION_QUICK_S: Final = 1
PRODUCE_RATE: Final = 500

# The generator that saturates Python gives way to the one whose latency counts: they share a core.
SATURATING_NICENESS: Final = 10

# Members of former runs still count as alive, so every run has groups of its own.
_numbers: Final = count()


def _heartbeats(broker: BrokerProcess) -> list[bytes]:
    groups = [f"beating-{next(_numbers)}" for _ in range(GROUPS)]
    bodies = [
        {"group_id": group, "generation_id": 1, "member_id": join_group(broker.port, group)}
        for group in groups
    ]
    return frames(*HEARTBEAT, bodies)


def _offset_commits(broker: BrokerProcess) -> list[bytes]:
    create_topic(broker.port, TOPIC)
    committed = {"partition_index": 0, "committed_offset": 0, "committed_metadata": ""}
    bodies: list[dict[str, Any]] = [
        {
            "group_id": f"committing-{number}",
            "generation_id_or_member_epoch": -1,
            "topics": [{"name": TOPIC, "partitions": [committed]}],
        }
        for number in range(GROUPS)
    ]
    with Client(broker.port) as client:
        client.ask_until_it_works("find_coordinator", 0, key="committing")
        for body in bodies:
            client.ask_until_it_works(*OFFSET_COMMIT, **body)
    return frames(*OFFSET_COMMIT, bodies)


def _coordinators(_broker: BrokerProcess) -> list[bytes]:
    bodies = [{"coordinator_keys": [f"group-{number:02}"]} for number in range(GROUPS)]
    return frames(*FIND_COORDINATOR, bodies)


def _closed_loop(
    broker: BrokerProcess,
    scale: Scale,
    *,
    asked: tuple[str, int],
    requests: Callable[[BrokerProcess], list[bytes]],
    connections: int,
) -> tuple[Figures, Amount]:
    load = start_load(
        broker.port,
        requests(broker),
        connections=connections,
        duration_s=scale.pick(DURATION_S, DURATION_QUICK_S),
        pinned=scale.pinned,
    )
    return load_figures(finish_load(load, *asked))


def _topics_to_check(_broker: BrokerProcess) -> list[bytes]:
    topics = [
        {"name": f"checked-{number}", "num_partitions": 1, "replication_factor": 1}
        for number in range(TOPICS_CHECKED)
    ]
    return frames(*CREATE_TOPICS, [{"topics": topics, "timeout": 60_000, "validate_only": True}])


def _produce_meanwhile(
    broker: BrokerProcess,
    scale: Scale,
    *,
    asked: tuple[str, int],
    requests: Callable[[BrokerProcess], list[bytes]],
    connections: int,
) -> tuple[Figures, Amount]:
    duration_s = scale.pick(DURATION_S, DURATION_QUICK_S)
    create_topic(broker.port, PRODUCED)
    saturation = requests(broker)
    start = partial(
        start_load,
        broker.port,
        [produce_frame(PRODUCED, 0, bytes(100))],
        connections=1,
        rate=PRODUCE_RATE,
        duration_s=duration_s,
        pinned=scale.pinned,
    )
    alone = finish_load(start(), "produce", 12)
    saturating = start_load(
        broker.port,
        saturation,
        connections=connections,
        duration_s=duration_s + 2,
        niceness=SATURATING_NICENESS,
        pinned=scale.pinned,
    )
    meanwhile = finish_load(start(), "produce", 12)
    finish_load(saturating, *asked)
    delete_topic(broker.port, PRODUCED)
    return {
        "p50 alone µs": alone["p50_us"],
        "p99 alone µs": alone["p99_us"],
        "p50 meanwhile µs": meanwhile["p50_us"],
        "p99 meanwhile µs": meanwhile["p99_us"],
        "p99 meanwhile / alone": meanwhile["p99_us"] / alone["p99_us"],
    }, Amount()


WORKS: Final = (
    *(
        Work(
            15,
            f"{title}, {connections} connections, closed loop",
            partial(_closed_loop, asked=asked, requests=requests, connections=connections),
        )
        for title, asked, requests in (
            ("Heartbeat", HEARTBEAT, _heartbeats),
            ("OffsetCommit", OFFSET_COMMIT, _offset_commits),
            ("FindCoordinator", FIND_COORDINATOR, _coordinators),
        )
        for connections in (1, 64)
    ),
    *(
        Work(
            15,
            f"Produce at {PRODUCE_RATE}/s, alone and while {what}",
            partial(_produce_meanwhile, asked=asked, requests=requests, connections=connections),
        )
        for what, asked, requests, connections in (
            # Large requests: Python has all of its work, and the client hardly any.
            (f"{TOPICS_CHECKED} topics a request are checked", CREATE_TOPICS, _topics_to_check, 2),
            ("64 connections commit offsets", OFFSET_COMMIT, _offset_commits, 64),
        )
    ),
)
