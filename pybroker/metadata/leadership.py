"""Whether a node may answer for a partition: what the APIs that name offsets ask first."""

from typing import TYPE_CHECKING

from pybroker.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from pybroker.metadata.topics import PartitionState, Topics, TopicState

NO_LEADER_EPOCH = -1


def require_replica(
    topics: "Topics",
    name: str,
    partition_index: int,
    *,
    node_id: int,
    current_leader_epoch: int = NO_LEADER_EPOCH,
) -> "tuple[TopicState, PartitionState]":
    """Give the partition, if this node has a replica, in the term that the client knows."""
    found = topics.partition(name, partition_index)
    if found is None:
        raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    partition = found[1]
    if node_id not in partition.replicas:
        raise KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER)
    if current_leader_epoch != NO_LEADER_EPOCH:
        if current_leader_epoch < partition.leader_epoch:
            raise KafkaError(ErrorCode.FENCED_LEADER_EPOCH)
        if current_leader_epoch > partition.leader_epoch:
            raise KafkaError(ErrorCode.UNKNOWN_LEADER_EPOCH)
    return found


def require_leader(
    topics: "Topics",
    name: str,
    partition_index: int,
    *,
    node_id: int,
    current_leader_epoch: int = NO_LEADER_EPOCH,
) -> "tuple[TopicState, PartitionState]":
    """Give the partition, if this node leads it, in the term that the client knows."""
    found = require_replica(
        topics,
        name,
        partition_index,
        node_id=node_id,
        current_leader_epoch=current_leader_epoch,
    )
    if found[1].leader_id != node_id:
        raise KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER)
    return found
