"""CreatePartitions decided: which partitions come to be, and what each topic is answered."""

from typing import TYPE_CHECKING, NamedTuple

from pybroker.errors import ErrorCode, KafkaError
from pybroker.metadata.decisions.create_topics import (
    MAX_PARTITIONS_PER_BATCH,
    partition_changes,
    require_single,
)
from pybroker.metadata.placement import Placement, require_assignment, spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pybroker.metadata.topics import Topics, TopicState
    from pybroker.protocol.create_partitions import CreatePartitionsRequest
    from pybroker.store.topics import PartitionSet

    CreatePartitionsTopic = CreatePartitionsRequest.CreatePartitionsTopic


class PartitionsResult(NamedTuple):
    """What one topic is answered: the changes, or the error."""

    name: str
    changes: "list[PartitionSet]"
    error: KafkaError | None


def decide_create_partitions(
    topics: "Topics", requested: "Sequence[CreatePartitionsTopic]", *, placement: Placement
) -> list[PartitionsResult]:
    """Answer every topic once, in the order asked for."""
    counts: dict[str, int] = {}
    for topic in requested:
        counts[topic.name] = counts.get(topic.name, 0) + 1
    results: dict[str, PartitionsResult] = {}
    for topic in requested:
        if topic.name in results:
            continue
        try:
            require_single(counts[topic.name])
            changes = _new_partitions(topics, topic, placement)
            results[topic.name] = PartitionsResult(topic.name, changes, None)
        except KafkaError as error:
            results[topic.name] = PartitionsResult(topic.name, [], error)
    return list(results.values())


def _new_partitions(
    topics: "Topics", requested: "CreatePartitionsTopic", placement: Placement
) -> "list[PartitionSet]":
    topic = topics.by_name.get(requested.name)
    if topic is None:
        raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    present = len(topic.partitions)
    additional = _require_increase(requested, present)
    if requested.assignments is None:
        replicas = _next_replicas(topic, placement, additional)
    else:
        replicas = _assigned_replicas(topic, requested, placement, additional)
    return partition_changes(topic.topic_id, present, replicas)


def _require_increase(requested: "CreatePartitionsTopic", present: int) -> int:
    if requested.count == present:
        raise KafkaError(ErrorCode.INVALID_PARTITIONS, f"Topic already has {present} partition(s).")
    if requested.count < present:
        raise KafkaError(
            ErrorCode.INVALID_PARTITIONS,
            f"The topic {requested.name} currently has {present} partition(s);"
            f" {requested.count} would not be an increase.",
        )
    additional = requested.count - present
    if additional > MAX_PARTITIONS_PER_BATCH:
        raise KafkaError(
            ErrorCode.POLICY_VIOLATION, "Unable to perform excessively large batch operation."
        )
    return additional


def _next_replicas(
    topic: "TopicState", placement: Placement, additional: int
) -> list[tuple[int, ...]]:
    """Carry on where the topic's partitions end, so that leaders stay spread."""
    last_leader_id = topic.partitions[-1].replicas[0]
    node_ids = placement.node_ids
    after = node_ids.index(last_leader_id) + 1 if last_leader_id in node_ids else 0
    return spread(
        node_ids,
        start=after,
        partitions=additional,
        replication_factor=min(len(topic.partitions[0].replicas), len(node_ids)),
    )


def _assigned_replicas(
    topic: "TopicState",
    requested: "CreatePartitionsTopic",
    placement: Placement,
    additional: int,
) -> list[tuple[int, ...]]:
    assignments = requested.assignments or []
    if len(assignments) != additional:
        raise KafkaError(
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            f"Attempted to add {additional} additional partition(s), but only {len(assignments)}"
            " assignment(s) were specified.",
        )
    for assignment in assignments:
        require_assignment(
            placement.node_ids, assignment.broker_ids, len(topic.partitions[0].replicas)
        )
    return [tuple(assignment.broker_ids) for assignment in assignments]
