"""Row 14: what clients and tools ask at start-up and every few minutes."""

import time
from functools import partial
from itertools import count
from typing import Any, Final

from benchmarks.client import Client, create_topic, frames
from benchmarks.generators import finish_load, start_load
from benchmarks.measure import Amount, Figures, Scale, Work, load_figures
from compat.differential.conversation import error_codes
from compat.process import BrokerProcess

WIDE: Final = "wide"
PARTITIONS: Final = 1_000
DURATION_S: Final = 3
DURATION_QUICK_S: Final = 1
TOPICS: Final = 1_000
TOPICS_QUICK: Final = 20
CONNECTIONS: Final = 32

API_VERSIONS: Final = (
    "api_versions",
    3,
    {"client_software_name": "x", "client_software_version": "1"},
)
METADATA: Final = ("metadata", 12, {"topics": [{"name": WIDE}], "allow_auto_topic_creation": False})
DESCRIBE_CONFIGS: Final = (
    "describe_configs",
    4,
    {"resources": [{"resource_type": 2, "resource_name": WIDE, "configuration_keys": None}]},
)

# Names must not repeat, in any run on any broker.
_numbers: Final = count()


def _make_wide(broker: BrokerProcess, _scale: Scale) -> None:
    create_topic(broker.port, WIDE, PARTITIONS)


def _asked(
    broker: BrokerProcess,
    scale: Scale,
    *,
    request: tuple[str, int, dict[str, Any]],
    connections: int,
) -> tuple[Figures, Amount]:
    api, version, body = request
    load = start_load(
        broker.port,
        frames(api, version, [body]),
        connections=connections,
        duration_s=scale.pick(DURATION_S, DURATION_QUICK_S),
        pinned=scale.pinned,
    )
    return load_figures(finish_load(load, api, version))


def _create_topics(broker: BrokerProcess, scale: Scale) -> tuple[Figures, Amount]:
    topics = scale.pick(TOPICS, TOPICS_QUICK)
    names = [f"made-{next(_numbers)}" for _ in range(topics)]
    requests = frames(
        "create_topics",
        7,
        [
            {
                "topics": [{"name": name, "num_partitions": 1, "replication_factor": 1}],
                "timeout": 60_000,
            }
            for name in names
        ],
    )
    latencies = []
    with Client(broker.port) as client:
        start = time.monotonic()
        for request in requests:
            sent = time.monotonic()
            answer = client.exchange("create_topics", 7, request)
            latencies.append(time.monotonic() - sent)
            assert error_codes(answer) == {"NONE"}, answer
        elapsed = time.monotonic() - start
        client.ask("delete_topics", 6, topics=[{"name": name} for name in names], timeout=60_000)
    latencies.sort()
    figures = {
        "requests/s": topics / elapsed,
        "p50 µs": latencies[topics // 2] * 1e6,
        "p99 µs": latencies[topics * 99 // 100] * 1e6,
    }
    return figures, Amount(requests=topics)


WORKS: Final = (
    *(
        Work(
            14,
            f"{title}, {connections} connections, closed loop",
            partial(_asked, request=request, connections=connections),
            prepare=_make_wide if request is METADATA and connections == 1 else None,
        )
        for title, request in (
            ("ApiVersions", API_VERSIONS),
            (f"Metadata of {PARTITIONS} partitions", METADATA),
            ("DescribeConfigs of a topic", DESCRIBE_CONFIGS),
        )
        for connections in (1, CONNECTIONS)
    ),
    Work(14, f"CreateTopics, {TOPICS} one after the other", _create_topics),
)
