"""An import decided: the topic and the partition that take a log over, made if they are missing."""

from typing import TYPE_CHECKING, NamedTuple

from pybroker.errors import ErrorCode, KafkaError
from pybroker.metadata.decisions.create_partitions import decide_create_partitions
from pybroker.metadata.decisions.create_topics import RefusedTopic, decide_create_topics
from pybroker.metadata.topics import INTERNAL_TOPIC_NAMES, Topics, joined_node_ids
from pybroker.protocol.create_partitions import CreatePartitionsRequest
from pybroker.protocol.create_topics import CreateTopicsRequest
from pybroker.store.topics import PartitionSet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pybroker.metadata.placement import Placement
    from pybroker.metadata.topics import TopicState
    from pybroker.store.topics import TopicChange


class ImportTarget(NamedTuple):
    """Where a log goes, and the changes that make the place."""

    topic_id: bytes
    configs: dict[str, str]
    changes: "list[TopicChange]"


def decide_import(
    topics: Topics,
    name: str,
    partition_index: int,
    *,
    configs: "Mapping[str, str | None]",
    placement: "Placement",
    validate_configs: "Callable[[dict[str, str | None]], dict[str, str]]",
    new_uuid: "Callable[[], bytes]",
) -> ImportTarget:
    """Find the topic, or make it with `configs`, with as many partitions as it takes.

    Raises KafkaError.
    """
    if name in INTERNAL_TOPIC_NAMES:
        raise KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, f"{name} holds what is Kafka's own.")
    topic = topics.by_name.get(name)
    if topic is None:
        return _create(
            topics,
            CreateTopicsRequest.CreatableTopic(
                name=name,
                num_partitions=partition_index + 1,
                replication_factor=-1,
                configs=[
                    CreateTopicsRequest.CreatableTopicConfig(name=key, value=value)
                    for key, value in configs.items()
                ],
            ),
            placement,
            validate_configs,
            new_uuid,
        )
    if configs:
        raise KafkaError(
            ErrorCode.TOPIC_ALREADY_EXISTS, f"Topic {name} exists, with configs of its own."
        )
    changes = (
        []
        if partition_index < len(topic.partitions)
        else _grow(topics, topic, partition_index, placement)
    )
    return ImportTarget(topic.topic_id, topic.configs, list(changes))


def in_term(
    topics: Topics, target: ImportTarget, partition_index: int, leader_epoch: int
) -> "list[TopicChange]":
    """Give the changes, with the partition in a term not before that of its last record.

    `topics` is as it was decided on.
    """
    changes = list(target.changes)
    for place, change in enumerate(changes):
        if isinstance(change, PartitionSet) and change.partition_index == partition_index:
            term = max(change.leader_epoch, leader_epoch)
            changes[place] = change._replace(leader_epoch=term)
            return changes
    partition = topics.by_id[target.topic_id].partitions[partition_index]
    if partition.leader_epoch < leader_epoch:
        changes.append(
            PartitionSet(
                target.topic_id,
                partition_index,
                partition.leader_id,
                leader_epoch,
                joined_node_ids(partition.replicas),
                joined_node_ids(partition.isr),
            )
        )
    return changes


def _create(
    topics: Topics,
    requested: CreateTopicsRequest.CreatableTopic,
    placement: "Placement",
    validate_configs: "Callable[[dict[str, str | None]], dict[str, str]]",
    new_uuid: "Callable[[], bytes]",
) -> ImportTarget:
    (created,) = decide_create_topics(
        topics,
        [requested],
        placement=placement,
        validate_configs=validate_configs,
        new_uuid=new_uuid,
    )
    if isinstance(created, RefusedTopic):
        raise created.error
    return ImportTarget(created.topic_id, created.configs, created.changes())


def _grow(
    topics: Topics, topic: "TopicState", partition_index: int, placement: "Placement"
) -> "list[PartitionSet]":
    wanted = CreatePartitionsRequest.CreatePartitionsTopic(
        name=topic.name, count=partition_index + 1, assignments=None
    )
    (grown,) = decide_create_partitions(topics, [wanted], placement=placement)
    if grown.error is not None:
        raise grown.error
    return grown.changes
