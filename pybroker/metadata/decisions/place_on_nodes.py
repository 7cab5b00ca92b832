"""Which partitions move when the nodes are others than before: at a start, or when one goes.

All nodes of one process serve the same logs, so a partition can be led by any of them without
copying anything.
"""

from typing import TYPE_CHECKING

from pybroker.metadata.topics import joined_node_ids
from pybroker.store.topics import PartitionSet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pybroker.metadata.topics import PartitionState, Topics


def decide_placement(topics: "Topics", node_ids: "Sequence[int]") -> list[PartitionSet]:
    """Put partitions of nodes that are gone on those that there are, in a new leadership term."""
    return list(_moves(topics, node_ids))


def _moves(topics: "Topics", node_ids: "Sequence[int]") -> "Iterator[PartitionSet]":
    known = frozenset(node_ids)
    for topic in topics.by_id.values():
        for partition_index, partition in enumerate(topic.partitions):
            if known.issuperset(partition.replicas):
                continue
            replicas = _replicas(partition, partition_index, node_ids)
            leader_id, leader_epoch = partition.leader_id, partition.leader_epoch
            if leader_id not in replicas:
                leader_id, leader_epoch = replicas[0], leader_epoch + 1
            isr = [node_id for node_id in partition.isr if node_id in replicas] or [leader_id]
            yield PartitionSet(
                topic.topic_id,
                partition_index,
                leader_id,
                leader_epoch,
                joined_node_ids(replicas),
                joined_node_ids(isr),
            )


def _replicas(
    partition: "PartitionState", partition_index: int, node_ids: "Sequence[int]"
) -> "Sequence[int]":
    remaining = [node_id for node_id in partition.replicas if node_id in node_ids]
    return remaining or [node_ids[partition_index % len(node_ids)]]
