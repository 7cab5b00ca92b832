"""CreateTopics decided: which topics come to be, and what each asked-for topic is answered."""

from typing import TYPE_CHECKING, Final, NamedTuple

from pybroker.errors import ErrorCode, KafkaError
from pybroker.metadata.placement import (
    Placement,
    effective_replication_factor,
    require_assignment,
    spread,
)
from pybroker.metadata.topics import CLUSTER_METADATA_TOPIC_NAME, Topics, joined_node_ids
from pybroker.metadata.validation import invalid_name_message
from pybroker.store.topics import PartitionSet, TopicConfigSet, TopicCreated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pybroker.protocol.create_topics import CreateTopicsRequest
    from pybroker.store.topics import TopicChange

    CreatableTopic = CreateTopicsRequest.CreatableTopic

MAX_PARTITIONS_PER_BATCH: Final = 10_000  # Of all topics of a request together, as in Kafka.


class CreatedTopic(NamedTuple):
    """A topic that comes to be."""

    name: str
    topic_id: bytes
    replicas: list[tuple[int, ...]]
    configs: dict[str, str]

    def changes(self) -> "list[TopicChange]":
        """Give what the store and the state are to be told."""
        return [
            TopicCreated(self.topic_id, self.name),
            *(TopicConfigSet(self.topic_id, name, value) for name, value in self.configs.items()),
            *partition_changes(self.topic_id, 0, self.replicas),
        ]


class RefusedTopic(NamedTuple):
    """A topic that does not come to be, and why."""

    name: str
    error: KafkaError


def decide_create_topics(
    topics: Topics,
    requested: "Sequence[CreatableTopic]",
    *,
    placement: Placement,
    validate_configs: "Callable[[dict[str, str | None]], dict[str, str]]",
    new_uuid: "Callable[[], bytes]",
) -> list[CreatedTopic | RefusedTopic]:
    """Answer every name once, in the order asked for.

    `validate_configs` gives back what is to be stored, or raises `KafkaError`.
    """
    counts: dict[str, int] = {}
    for topic in requested:
        counts[topic.name] = counts.get(topic.name, 0) + 1
    if total_partitions(requested, placement) > MAX_PARTITIONS_PER_BATCH:
        error = KafkaError(
            ErrorCode.POLICY_VIOLATION, "Excessively large number of partitions per request."
        )
        return [RefusedTopic(name, error) for name in counts]
    results: dict[str, CreatedTopic | RefusedTopic] = {}
    for topic in requested:
        if topic.name in results:
            continue
        try:
            require_single(counts[topic.name])
            _require_creatable(topics, topic.name)
            configs = validate_configs({config.name: config.value for config in topic.configs})
            replicas = _replicas(topic, placement, start=len(topics.by_name) + len(results))
            results[topic.name] = CreatedTopic(topic.name, new_uuid(), replicas, configs)
        except KafkaError as error:
            results[topic.name] = RefusedTopic(topic.name, error)
    return list(results.values())


def partition_changes(
    topic_id: bytes, first_partition: int, replicas: "Sequence[tuple[int, ...]]"
) -> "list[PartitionSet]":
    """Make new partitions, each led by the first of its replicas in its first term."""
    changes = []
    for partition_index, ids in enumerate(replicas, first_partition):
        joined = joined_node_ids(ids)
        changes.append(PartitionSet(topic_id, partition_index, ids[0], 0, joined, joined))
    return changes


def total_partitions(requested: "Sequence[CreatableTopic]", placement: Placement) -> int:
    """How many partitions a request asks for."""
    total = 0
    for topic in requested:
        if topic.assignments:
            total += len(topic.assignments)
        else:
            wanted = topic.num_partitions
            total += placement.default_partitions if wanted == -1 else max(wanted, 0)
    return total


def require_single(count: int) -> None:
    """Refuse a name that a request holds more than once."""
    if count > 1:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "Duplicate topic name.")


def _require_creatable(topics: Topics, name: str) -> None:
    if name == CLUSTER_METADATA_TOPIC_NAME:
        raise KafkaError(
            ErrorCode.INVALID_REQUEST,
            f"Creation of internal topic {CLUSTER_METADATA_TOPIC_NAME} is prohibited.",
        )
    if name in topics.by_name:
        raise KafkaError(ErrorCode.TOPIC_ALREADY_EXISTS, f"Topic '{name}' already exists.")
    message = invalid_name_message(name)
    if message is not None:
        raise KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, message)
    colliding = topics.colliding_name(name)
    if colliding is not None:
        raise KafkaError(
            ErrorCode.INVALID_TOPIC_EXCEPTION,
            f"Topic '{name}' collides with existing topic: {colliding}",
        )


def _replicas(
    topic: "CreatableTopic", placement: Placement, *, start: int
) -> list[tuple[int, ...]]:
    if topic.assignments:
        return _assigned_replicas(topic, placement)
    if topic.replication_factor < -1 or topic.replication_factor == 0:
        raise KafkaError(
            ErrorCode.INVALID_REPLICATION_FACTOR,
            "Replication factor must be larger than 0, or -1 to use the default value.",
        )
    if topic.num_partitions < -1 or topic.num_partitions == 0:
        raise KafkaError(
            ErrorCode.INVALID_PARTITIONS,
            "Number of partitions was set to an invalid non-positive value.",
        )
    partitions = topic.num_partitions
    if partitions == -1:
        partitions = placement.default_partitions
    replication_factor = topic.replication_factor
    if replication_factor == -1:
        replication_factor = placement.default_replication_factor
    return spread(
        placement.node_ids,
        start=start,
        partitions=partitions,
        replication_factor=effective_replication_factor(placement, replication_factor),
    )


def _assigned_replicas(topic: "CreatableTopic", placement: Placement) -> list[tuple[int, ...]]:
    if topic.replication_factor != -1:
        raise KafkaError(
            ErrorCode.INVALID_REQUEST,
            "A manual partition assignment was specified, but replication factor"
            " was not set to -1.",
        )
    if topic.num_partitions != -1:
        raise KafkaError(
            ErrorCode.INVALID_REQUEST,
            "A manual partition assignment was specified, but numPartitions was not set to -1.",
        )
    replicas: dict[int, tuple[int, ...]] = {}
    replication_factor = None
    for assignment in topic.assignments:
        if assignment.partition_index in replicas:
            raise KafkaError(
                ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                "Found multiple manual partition assignments for partition"
                f" {assignment.partition_index}",
            )
        require_assignment(placement.node_ids, assignment.broker_ids, replication_factor)
        replication_factor = len(assignment.broker_ids)
        replicas[assignment.partition_index] = tuple(assignment.broker_ids)
    if sorted(replicas) != list(range(len(replicas))):
        raise KafkaError(
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            "partitions should be a consecutive 0-based integer sequence",
        )
    return [replicas[partition_index] for partition_index in range(len(replicas))]
