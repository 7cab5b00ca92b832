"""Decisions about topics carried out: stored, taken over, then opened and published.

Promises:
  * The state changes before anything waits, so of two concurrent requests for one name only one
    succeeds.
  * When a function here returns, the change is complete: the next request of any client sees it.
  * A topic that is deleted while its logs are being opened leaves no log behind.
  * Internal topics have no logs: the store is the truth for what Kafka keeps in them.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pybroker.configs import TopicConfig
from pybroker.data_plane import LogConfig, TopicImage
from pybroker.metadata.placement import Placement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pybroker.broker import Broker
    from pybroker.configs import LogSettings
    from pybroker.configs.config import Config
    from pybroker.metadata.decisions.create_topics import CreatedTopic
    from pybroker.metadata.topics import TopicState
    from pybroker.store.topics import PartitionSet, TopicChange

LOG_CONFIGS_REMEMBERED: Final = 256


def placement_of(broker: "Broker") -> Placement:
    """Give what this broker does where a request leaves it open."""
    config = broker.config
    return Placement(
        node_ids=tuple(broker.node_ids),
        default_partitions=config.num_partitions,
        default_replication_factor=config.default_replication_factor,
        replication_factor_cap=config.pybroker_replication_factor_cap,
    )


async def create(broker: "Broker", created: "Sequence[CreatedTopic]") -> None:
    """Bring topics into being."""
    if not created:
        return
    _commit(broker, [change for topic in created for change in topic.changes()])
    topics = [broker.topics.by_id[topic.topic_id] for topic in created]
    await _open_and_publish(broker, [(topic, range(len(topic.partitions))) for topic in topics])
    broker.topics_changed(topics)


def create_without_logs(broker: "Broker", created: "CreatedTopic") -> None:
    """Bring an internal topic into being: nothing has to be opened, so nobody waits."""
    _commit(broker, created.changes())
    topic = broker.topics.by_id[created.topic_id]
    broker.data_plane.publish_topics([topic_image(broker, topic)], [])
    broker.topics_changed([topic])


async def grow(broker: "Broker", changes: "Sequence[PartitionSet]") -> None:
    """Add partitions to topics."""
    if not changes:
        return
    _commit(broker, changes)
    partitions: dict[bytes, list[int]] = {}
    for change in changes:
        partitions.setdefault(change.topic_id, []).append(change.partition_index)
    grown = [broker.topics.by_id[topic_id] for topic_id in partitions]
    await _open_and_publish(broker, list(zip(grown, partitions.values(), strict=True)))
    broker.topics_changed(grown)


async def delete(broker: "Broker", topics: "Sequence[TopicState]") -> None:
    """Delete topics: nobody finds them any more before their logs go."""
    from pybroker.store.topics import TopicDeleted  # noqa: PLC0415 - rarely needed

    if not topics:
        return
    for topic in topics:
        broker.groups.forget_topic(topic.name, broker.clock.monotonic_ms())
    _commit(broker, [TopicDeleted(topic.topic_id) for topic in topics])
    broker.data_plane.publish_topics([], [topic.topic_id for topic in topics])
    broker.topics_changed(topics)
    await _delete_logs(broker, [(topic, range(len(topic.partitions))) for topic in topics])


def logs_of(
    broker: "Broker", topics: "Iterable[TopicState]"
) -> list[tuple[str, bytes, int, LogConfig]]:
    """Give the logs of topics as the data plane opens them; internal topics have none."""
    return [
        (topic.name, topic.topic_id, partition, config)
        for topic in topics
        if not topic.is_internal
        for partition, config in enumerate(log_configs(broker, topic))
    ]


def publish(broker: "Broker", topics: "Iterable[TopicState]") -> None:
    """Let Produce and Fetch know topics as they stand, with the logs that are open."""
    broker.data_plane.publish_topics([topic_image(broker, topic) for topic in topics], [])


async def obey(broker: "Broker", topics: "Iterable[TopicState]") -> None:
    """Let the open logs of topics obey the configs as they are now."""
    topics = list(topics)
    if not topics:
        return
    # The data plane's work ends in any order; that of two alterations must not.
    async with broker.configs_lock:
        await broker.data_plane.configure_logs(
            [
                (topic.topic_id, partition, config)
                for topic in topics
                if not topic.is_internal
                for partition, config in enumerate(log_configs(broker, topic))
            ]
        )
        publish(broker, [topic for topic in topics if topic.topic_id in broker.topics.by_id])


def topic_image(broker: "Broker", topic: "TopicState") -> TopicImage:
    """Give what Produce and Fetch must know of a topic."""
    return TopicImage(
        name=topic.name,
        topic_id=topic.topic_id,
        partitions=[
            (partition.leader_id, partition.leader_epoch) for partition in topic.partitions
        ],
        config=log_config_of(broker.config, topic.configs),
        internal=topic.is_internal,
    )


def log_configs(broker: "Broker", topic: "TopicState") -> list[LogConfig]:
    """Give what the logs of a topic obey, by partition: its configs over those of the leader."""
    by_leader = {
        leader_id: log_config_of(broker.config_of(leader_id), topic.configs)
        for leader_id in {partition.leader_id for partition in topic.partitions}
    }
    return [by_leader[partition.leader_id] for partition in topic.partitions]


def log_config_of(config: "Config", overrides: "Mapping[str, str]") -> LogConfig:
    """Give what the logs of a topic with these configs of its own obey."""
    settings = TopicConfig(config, overrides).to_log_config()
    return _log_config(settings, config.producer_id_expiration_ms)


@lru_cache(maxsize=LOG_CONFIGS_REMEMBERED)
def _log_config(settings: "LogSettings", producer_id_expiration_ms: int) -> LogConfig:
    values = settings._asdict()
    values["producer_id_expiration_ms"] = producer_id_expiration_ms
    return LogConfig(**values)


def _commit(broker: "Broker", changes: "Sequence[TopicChange]") -> None:
    broker.store.apply(changes)
    broker.store.commit()
    broker.topics.apply(changes)


async def _open_and_publish(
    broker: "Broker", opened: "Sequence[tuple[TopicState, Iterable[int]]]"
) -> None:
    configs = [log_configs(broker, topic) for topic, _ in opened]
    logs = [
        (topic.name, topic.topic_id, partition, of_topic[partition])
        for (topic, partitions), of_topic in zip(opened, configs, strict=True)
        if not topic.is_internal
        for partition in partitions
    ]
    await broker.data_plane.open_logs(logs, new=True)
    there = [topic for topic, _ in opened if topic.topic_id in broker.topics.by_id]
    publish(broker, there)
    # What was altered meanwhile was told to open logs only.
    if configs != [log_configs(broker, topic) for topic, _ in opened]:
        await obey(broker, there)
    gone = [(topic, new) for topic, new in opened if topic.topic_id not in broker.topics.by_id]
    await _delete_logs(broker, gone)


async def _delete_logs(
    broker: "Broker", deleted: "Sequence[tuple[TopicState, Iterable[int]]]"
) -> None:
    logs = [
        (topic.topic_id, partition)
        for topic, partitions in deleted
        if not topic.is_internal
        for partition in partitions
    ]
    if logs:
        await broker.data_plane.delete_logs(logs)
