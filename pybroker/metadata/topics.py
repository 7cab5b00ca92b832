"""The topics as they stand: by name and by id, changed by the store's changes and by nothing else.

Live handling and recovery run the same `Topics.apply`.
"""

from typing import TYPE_CHECKING, Final, NamedTuple

from pybroker.store.topics import (
    PartitionSet,
    TopicConfigRemoved,
    TopicConfigSet,
    TopicCreated,
    TopicDeleted,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pybroker.store.topics import TopicChange

GROUP_METADATA_TOPIC_NAME: Final = "__consumer_offsets"
TRANSACTION_STATE_TOPIC_NAME: Final = "__transaction_state"
SHARE_GROUP_STATE_TOPIC_NAME: Final = "__share_group_state"
CLUSTER_METADATA_TOPIC_NAME: Final = "__cluster_metadata"

INTERNAL_TOPIC_NAMES: Final = frozenset(
    (GROUP_METADATA_TOPIC_NAME, TRANSACTION_STATE_TOPIC_NAME, SHARE_GROUP_STATE_TOPIC_NAME)
)


class PartitionState(NamedTuple):
    """Where one partition lives, and the number of its leadership term."""

    leader_id: int
    leader_epoch: int
    replicas: tuple[int, ...]
    isr: tuple[int, ...]


class TopicState:
    """One topic. `partitions` is by index; `configs` holds the overrides only."""

    __slots__ = ("configs", "name", "partitions", "topic_id")

    def __init__(self, name: str, topic_id: bytes) -> None:
        self.name = name
        self.topic_id = topic_id
        self.partitions: list[PartitionState] = []
        self.configs: dict[str, str] = {}

    @property
    def is_internal(self) -> bool:
        """Whether brokers rather than applications write to it."""
        return self.name in INTERNAL_TOPIC_NAMES


class Topics:
    """Every topic. Read `by_name` and `by_id`; change them through `apply`."""

    def __init__(self, changes: "Iterable[TopicChange]" = ()) -> None:
        self.by_name: dict[str, TopicState] = {}
        self.by_id: dict[bytes, TopicState] = {}
        self._by_unified_name: dict[str, dict[str, TopicState]] = {}
        self.apply(changes)

    def apply(self, changes: "Iterable[TopicChange]") -> None:
        """Take over changes that are in the store, or come from it."""
        for change in changes:
            match change:
                case PartitionSet():
                    self._set_partition(change)
                case TopicCreated(topic_id, name):
                    self._add(TopicState(name, topic_id))
                case TopicConfigSet(topic_id, name, value):
                    self.by_id[topic_id].configs[name] = value
                case TopicConfigRemoved(topic_id, name):
                    self.by_id[topic_id].configs.pop(name, None)
                case TopicDeleted(topic_id):
                    self._remove(topic_id)

    def partition(
        self, name: str, partition_index: int
    ) -> "tuple[TopicState, PartitionState] | None":
        """Find the topic and the partition, if both exist."""
        topic = self.by_name.get(name)
        if topic is None or not 0 <= partition_index < len(topic.partitions):
            return None
        return topic, topic.partitions[partition_index]

    def colliding_name(self, name: str) -> str | None:
        """Find a topic whose name differs in `.` and `_` at most: metrics would mix them up."""
        return next(iter(self._by_unified_name.get(unified_name(name), ())), None)

    def _add(self, topic: TopicState) -> None:
        assert topic.name not in self.by_name
        assert topic.topic_id not in self.by_id
        self.by_name[topic.name] = topic
        self.by_id[topic.topic_id] = topic
        self._by_unified_name.setdefault(unified_name(topic.name), {})[topic.name] = topic

    def _remove(self, topic_id: bytes) -> None:
        topic = self.by_id.pop(topic_id)
        del self.by_name[topic.name]
        unified = unified_name(topic.name)
        del self._by_unified_name[unified][topic.name]
        if not self._by_unified_name[unified]:
            del self._by_unified_name[unified]

    def _set_partition(self, change: PartitionSet) -> None:
        partitions = self.by_id[change.topic_id].partitions
        partition = PartitionState(
            change.leader_id, change.leader_epoch, node_ids(change.replicas), node_ids(change.isr)
        )
        if change.partition_index == len(partitions):
            partitions.append(partition)
        else:
            partitions[change.partition_index] = partition


def unified_name(name: str) -> str:
    """Give the name as metrics show it, where `.` and `_` are the same."""
    return name.replace(".", "_")


def node_ids(joined: str) -> tuple[int, ...]:
    """Read node ids as the store keeps them: with commas between."""
    return tuple(map(int, joined.split(",")))


def joined_node_ids(ids: "Iterable[int]") -> str:
    """Write what `node_ids` reads."""
    return ",".join(map(str, ids))
