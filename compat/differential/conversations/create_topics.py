"""CreateTopics: what a topic may be called, how many partitions and replicas it may have."""

from typing import Any, Final

from compat.differential.conversation import Conversation, Step, ask, without_error
from compat.differential.requests import look, topic


def _create(*topics: dict[str, Any], version: int = 7, **rest: Any) -> Step:
    whole = [{"num_partitions": 1, "replication_factor": 1, **each} for each in topics]
    return ask("create_topics", version, topics=whole, timeout=30_000, **rest)


def _config(name: str, value: str | None) -> dict[str, Any]:
    return {"name": name, "value": value}


CONVERSATIONS: Final = (
    Conversation(
        "a topic with defaults, seen by the next request",
        [
            _create({"name": "fresh", "num_partitions": -1, "replication_factor": -1}),
            ask("metadata", 12, topics=[{"name": "fresh"}], until_=without_error),
        ],
    ),
    Conversation(
        "every version",
        [_create({"name": f"by-v{version}"}, version=version) for version in range(2, 8)],
    ),
    Conversation(
        "defaults are not for versions before 4",
        [_create({"name": "v3-default", "num_partitions": -1}, version=3)],
    ),
    Conversation("a topic that is there", [*topic("there"), _create({"name": "there"})]),
    Conversation("a good one beside a bad one", [_create({"name": "good"}, {"name": "not good"})]),
    Conversation(
        "the same name twice in one request",
        [
            _create({"name": "double"}, {"name": "double"}),
            look("double"),
        ],
    ),
    Conversation(
        "names that no topic can have",
        [_create({"name": name}) for name in ("", ".", "..", "a b", "a/b", "ä", "a:b", "x" * 250)],
    ),
    Conversation("a name of 249 characters", [_create({"name": "y" * 249})]),
    Conversation(
        "names that collide in metrics",
        [*topic("dots.and.lines"), _create({"name": "dots_and_lines"})],
    ),
    Conversation(
        "two new names that collide with each other",
        [_create({"name": "one.two"}, {"name": "one_two"})],
    ),
    Conversation(
        "partition counts that are not counts",
        [_create({"name": f"count{n}", "num_partitions": n}) for n in (0, -2)],
    ),
    Conversation(
        "replication factors that one broker does not have",
        [_create({"name": f"factor{n}", "replication_factor": n}) for n in (0, 2, -2, 32767)],
    ),
    Conversation(
        "replicas named by hand",
        [
            _create(
                {
                    "name": "by-hand",
                    "num_partitions": -1,
                    "replication_factor": -1,
                    "assignments": [
                        {"partition_index": 0, "broker_ids": [1]},
                        {"partition_index": 1, "broker_ids": [1]},
                    ],
                }
            )
        ],
    ),
    Conversation(
        "replicas named by hand beside a count",
        [
            _create(
                {
                    "name": "by-hand-and-count",
                    "assignments": [{"partition_index": 0, "broker_ids": [1]}],
                }
            )
        ],
    ),
    Conversation(
        "replicas named by hand that cannot be",
        [
            _create(
                {
                    "name": name,
                    "num_partitions": -1,
                    "replication_factor": -1,
                    "assignments": assignments,
                }
            )
            for name, assignments in (
                ("unknown-broker", [{"partition_index": 0, "broker_ids": [99]}]),
                ("twice-one-broker", [{"partition_index": 0, "broker_ids": [1, 1]}]),
                ("no-broker", [{"partition_index": 0, "broker_ids": []}]),
                ("a-hole", [{"partition_index": 1, "broker_ids": [1]}]),
                (
                    "twice-one-partition",
                    [
                        {"partition_index": 0, "broker_ids": [1]},
                        {"partition_index": 0, "broker_ids": [1]},
                    ],
                ),
            )
        ],
    ),
    Conversation(
        "validate_only changes nothing",
        [
            _create({"name": "only-checked"}, validate_only=True),
            _create({"name": "also bad"}, validate_only=True),
            look("only-checked"),
        ],
    ),
    Conversation(
        "configs that hold",
        [
            _create(
                {
                    "name": "configured",
                    "configs": [
                        _config("cleanup.policy", "compact"),
                        _config("retention.ms", "1000000"),
                        _config("max.message.bytes", "100000"),
                    ],
                },
                version=4,
            ),
            ask(
                "describe_configs",
                4,
                resources=[
                    {
                        "resource_type": 2,
                        "resource_name": "configured",
                        "configuration_keys": ["cleanup.policy", "retention.ms"],
                    }
                ],
            ),
        ],
    ),
    Conversation(
        "configs that do not",
        [
            _create({"name": f"misconfigured-{number}", "configs": [_config(name, value)]})
            for number, (name, value) in enumerate(
                (
                    ("no.such.config", "1"),
                    ("retention.ms", "soon"),
                    ("cleanup.policy", "keep"),
                    ("segment.bytes", "1"),
                    ("max.message.bytes", "-1"),
                    ("retention.ms", None),
                )
            )
        ],
    ),
    Conversation(
        "the same config twice",
        [
            _create(
                {
                    "name": "config-twice",
                    "configs": [_config("retention.ms", "1"), _config("retention.ms", "2")],
                }
            )
        ],
    ),
    Conversation("no topics at all", [_create()]),
)
