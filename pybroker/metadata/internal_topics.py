"""Internal topics: they appear, as in Kafka, when somebody first asks for a coordinator.

The store is the truth for groups and transactions, so nothing is kept in these topics: they have
partitions, leaders and configs, and no logs. The node that leads a partition coordinates what
belongs to it.
"""

from typing import TYPE_CHECKING, Final, NamedTuple

from pybroker.metadata.carry_out import create_without_logs
from pybroker.metadata.decisions.create_topics import CreatedTopic
from pybroker.metadata.placement import spread
from pybroker.metadata.topics import GROUP_METADATA_TOPIC_NAME, TRANSACTION_STATE_TOPIC_NAME

if TYPE_CHECKING:
    from pybroker.broker import Broker

SEGMENT_BYTES: Final = "104857600"  # Kafka's default for both topics; it can be seen, no more.


class InternalTopic(NamedTuple):
    """What an internal topic is made of."""

    num_partitions: int
    replication_factor: int
    configs: dict[str, str]


def ensure(broker: "Broker", name: str) -> None:
    """Bring an internal topic into being, if it is not there yet."""
    if name in broker.topics.by_name:
        return
    topic = _topic(broker, name)
    replicas = spread(
        broker.node_ids,
        start=0,
        partitions=topic.num_partitions,
        replication_factor=min(topic.replication_factor, len(broker.node_ids)),
    )
    create_without_logs(broker, CreatedTopic(name, broker.new_uuid(), replicas, topic.configs))


def _topic(broker: "Broker", name: str) -> InternalTopic:
    config = broker.config
    if name == GROUP_METADATA_TOPIC_NAME:
        return InternalTopic(
            config.offsets_topic_num_partitions,
            config.offsets_topic_replication_factor,
            {
                "cleanup.policy": "compact",
                "compression.type": "producer",
                "segment.bytes": SEGMENT_BYTES,
            },
        )
    assert name == TRANSACTION_STATE_TOPIC_NAME
    return InternalTopic(
        config.transaction_state_log_num_partitions,
        config.transaction_state_log_replication_factor,
        {
            "cleanup.policy": "compact",
            "compression.type": "uncompressed",
            "min.insync.replicas": str(config.value("transaction.state.log.min.isr")),
            "segment.bytes": SEGMENT_BYTES,
            "unclean.leader.election.enable": "false",
        },
    )
