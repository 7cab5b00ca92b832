"""What the broker can be measured by: one row a metric, and the numbers behind them.

Topics and groups have the names and labels of kafka_exporter, so that dashboards made for it show a
pybroker as it is. What is pybroker's own begins with `pybroker_`.

Everything is read on the event loop, a piece at a time: between two pieces requests are served, so
the numbers of one answer are from within a few milliseconds and not from one moment.
"""

# ruff: noqa: E501 - A metric is a row.

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

from pybroker.configs.listeners import format_host
from pybroker.store import consumer_groups as stored_consumer_groups
from pybroker.store import groups as stored_groups

if TYPE_CHECKING:
    from pybroker.broker import Broker

ROWS_AT_ONCE: Final = 500  # Partitions or positions that are read before requests are served.

Labels = tuple[str, ...]
Samples = dict[str, list[tuple[Labels, float]]]
"""By metric: label values, in the order of the row, and the number."""


class Metric(NamedTuple):
    """One metric. A counter only grows; its name ends in `_total` where it is shown."""

    name: str
    kind: str
    documentation: str
    labels: Labels = ()


_PARTITION: Final = ("topic", "partition")
_POSITION: Final = ("consumergroup", "topic", "partition")
_GROUP_TOPIC: Final = ("consumergroup", "topic")
_LOG_DIR: Final = ("log_dir",)

METRICS: Final = (
    Metric("kafka_brokers", "gauge", "Number of nodes."),
    Metric("kafka_broker_info", "gauge", "A node and its address.", ("id", "address")),
    Metric("kafka_topic_partitions", "gauge", "Number of partitions of a topic.", ("topic",)),
    Metric("kafka_topic_partition_current_offset", "gauge", "Offset behind the last visible record.", _PARTITION),
    Metric("kafka_topic_partition_oldest_offset", "gauge", "Offset of the first record.", _PARTITION),
    Metric("kafka_topic_partition_leader", "gauge", "Node that leads; -1 if none does.", _PARTITION),
    Metric("kafka_topic_partition_leader_is_preferred", "gauge", "1 if the first replica leads.", _PARTITION),
    Metric("kafka_topic_partition_replicas", "gauge", "Number of replicas.", _PARTITION),
    Metric("kafka_topic_partition_in_sync_replica", "gauge", "Number of replicas in sync.", _PARTITION),
    Metric("kafka_topic_partition_under_replicated_partition", "gauge", "1 if a replica is not in sync.", _PARTITION),
    Metric("kafka_consumergroup_members", "gauge", "Number of members of a group.", ("consumergroup",)),
    Metric("kafka_consumergroup_current_offset", "gauge", "Position of a group.", _POSITION),
    Metric("kafka_consumergroup_current_offset_sum", "gauge", "Sum of a group's positions in a topic.", _GROUP_TOPIC),
    Metric("kafka_consumergroup_lag", "gauge", "Records between a group's position and the end.", _POSITION),
    Metric("kafka_consumergroup_lag_sum", "gauge", "Sum of a group's lag in a topic.", _GROUP_TOPIC),
    Metric("pybroker_group_rebalances", "counter", "Rebalances begun since the start, by reason.", ("reason",)),
    Metric("pybroker_connections", "gauge", "Connections that are open."),
    Metric("pybroker_data_plane", "counter", "What the data plane counts since the start.", ("counter",)),
    Metric("pybroker_bugs", "counter", "Requests and timers that failed by a bug since the start."),
    Metric("pybroker_log_dir_online", "gauge", "1 if a log directory is in use, 0 if it is offline.", _LOG_DIR),
    Metric("pybroker_log_dir_total_bytes", "gauge", "Size of a log directory's volume.", _LOG_DIR),
    Metric("pybroker_log_dir_usable_bytes", "gauge", "Bytes that are free on a log directory's volume.", _LOG_DIR),
    Metric("pybroker_cleaner_max_dirty_percent", "gauge", "How dirty the dirtiest compacted log is."),
    Metric("pybroker_cleaner_max_compaction_delay_ms", "gauge", "By how much the most overdue log has missed max.compaction.lag.ms."),
    Metric("pybroker_cleaner_last_run_ms", "gauge", "When the cleaner last looked, in ms since 1970; 0: never."),
    Metric("pybroker_cleaner_recopy_percent", "gauge", "Bytes that the last pass wrote, of those that it read."),
    Metric("pybroker_cleaner_uncleanable_partitions", "gauge", "Compacted logs of a log directory that cannot be cleaned.", _LOG_DIR),
    Metric("pybroker_cleaner_first_dirty_offset", "gauge", "Everything before this offset is clean.", _PARTITION),
    Metric("pybroker_cleaner_last_pass_ms", "gauge", "How long the last pass over a log took.", _PARTITION),
    Metric("pybroker_cleaner_dirty_ratio", "gauge", "Share of a compacted log that was not cleaned.", _PARTITION),
    Metric("pybroker_cleaner_cleaned_bytes", "counter", "Bytes of a log's segments that were written anew since the start.", _PARTITION),
    Metric("pybroker_cleaner_uncleanable_bytes", "gauge", "Bytes of a log that cannot be cleaned.", _PARTITION),
    Metric("pybroker_log_size_bytes", "gauge", "Bytes in the log of a partition.", _PARTITION),
)  # fmt: skip


async def collect(broker: "Broker") -> Samples:
    """Read everything."""
    samples: Samples = {metric.name: [] for metric in METRICS}
    _nodes(broker, samples)
    _own(broker, samples)
    _cleaner(broker, samples)
    ends = await _topics(broker, samples)
    await _groups(broker, ends, samples)
    return samples


def _nodes(broker: "Broker", samples: Samples) -> None:
    samples["kafka_brokers"].append(((), len(broker.node_ids)))
    for node_id, listener in broker.endpoints:
        address = f"{format_host(listener.host or 'localhost')}:{listener.port}"
        samples["kafka_broker_info"].append(((str(node_id), address), 1))


def _own(broker: "Broker", samples: Samples) -> None:
    for reason, count in broker.groups.rebalances.by_reason.items():
        samples["pybroker_group_rebalances"].append(((reason.value,), count))
    counters = broker.data_plane.counters()
    samples["pybroker_connections"].append(((), counters.pop("connections")))
    for name, count in counters.items():
        samples["pybroker_data_plane"].append(((name,), count))
    samples["pybroker_bugs"].append(((), broker.dispatcher.bugs))
    for path, failure, total_bytes, usable_bytes in broker.data_plane.log_dirs():
        labels = (path,)
        samples["pybroker_log_dir_online"].append((labels, failure is None))
        samples["pybroker_log_dir_total_bytes"].append((labels, total_bytes))
        samples["pybroker_log_dir_usable_bytes"].append((labels, usable_bytes))


def _cleaner(broker: "Broker", samples: Samples) -> None:
    state = broker.data_plane.cleaner_state()
    for name, value in (
        ("max_dirty_percent", state.max_dirty_percent),
        ("max_compaction_delay_ms", state.max_compaction_delay_ms),
        ("last_run_ms", state.last_run_ms),
        ("recopy_percent", state.cleaner_recopy_percent),
    ):
        samples[f"pybroker_cleaner_{name}"].append(((), value))
    uncleanable = {log.log_dir: 0 for log in state.logs}
    for log in state.logs:
        uncleanable[log.log_dir] += log.uncleanable_reason is not None
        labels = (log.topic, str(log.partition))
        samples["pybroker_cleaner_first_dirty_offset"].append((labels, log.first_dirty_offset))
        samples["pybroker_cleaner_last_pass_ms"].append((labels, log.last_pass_ms))
        samples["pybroker_cleaner_dirty_ratio"].append((labels, log.dirty_ratio))
        samples["pybroker_cleaner_cleaned_bytes"].append((labels, log.cleaned_bytes))
        samples["pybroker_cleaner_uncleanable_bytes"].append((labels, log.uncleanable_bytes))
    for path, count in uncleanable.items():
        samples["pybroker_cleaner_uncleanable_partitions"].append(((path,), count))


async def _topics(broker: "Broker", samples: Samples) -> dict[tuple[str, int], int]:
    """Read the partitions. Gives where those end whose logs are online."""
    ends: dict[tuple[str, int], int] = {}
    read = 0
    for topic in list(broker.topics.by_id.values()):
        samples["kafka_topic_partitions"].append(((topic.name,), len(topic.partitions)))
        for index, partition in enumerate(topic.partitions):
            labels = (topic.name, str(index))
            state = broker.data_plane.log_state(topic.topic_id, index)
            if state is not None:
                ends[topic.name, index] = state[2]
                samples["kafka_topic_partition_current_offset"].append((labels, state[2]))
                samples["kafka_topic_partition_oldest_offset"].append((labels, state[0]))
            leader_id, replicas, isr = partition.leader_id, partition.replicas, partition.isr
            for name, value in (
                ("leader", leader_id),
                ("leader_is_preferred", leader_id == replicas[0]),
                ("replicas", len(replicas)),
                ("in_sync_replica", len(isr)),
                ("under_replicated_partition", len(isr) < len(replicas)),
            ):
                samples[f"kafka_topic_partition_{name}"].append((labels, value))
            read += 1
            if read % ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
    _log_sizes(broker, samples)
    return ends


def _log_sizes(broker: "Broker", samples: Samples) -> None:
    by_id = broker.topics.by_id
    for topic_id, partition, _, size_bytes in broker.data_plane.log_sizes():
        topic = by_id.get(topic_id)
        if topic is not None:
            labels = (topic.name, str(partition))
            samples["pybroker_log_size_bytes"].append((labels, size_bytes))


async def _groups(broker: "Broker", ends: dict[tuple[str, int], int], samples: Samples) -> None:
    members = broker.groups.member_counts()
    for area in (stored_groups, stored_consumer_groups):
        for group_id in area.group_ids(broker.store):
            members.setdefault(group_id, 0)  # Who is not in memory has no members.
    for group_id, count in members.items():
        samples["kafka_consumergroup_members"].append(((group_id,), count))
    sums: dict[Labels, tuple[int, int]] = {}
    after = stored_groups.BEFORE_ALL_POSITIONS
    while rows := stored_groups.positions(broker.store, after=after, limit=ROWS_AT_ONCE):
        for group_id, topic, partition, offset in rows:
            labels = (group_id, topic, str(partition))
            samples["kafka_consumergroup_current_offset"].append((labels, offset))
            end = ends.get((topic, partition))
            lag = 0 if end is None else max(end - offset, 0)
            if end is not None:
                samples["kafka_consumergroup_lag"].append((labels, lag))
            offset_sum, lag_sum = sums.get(labels[:2], (0, 0))
            sums[labels[:2]] = (offset_sum + offset, lag_sum + lag)
        after = rows[-1][:3]
        await asyncio.sleep(0)
    for group_topic, (offset_sum, lag_sum) in sums.items():
        samples["kafka_consumergroup_current_offset_sum"].append((group_topic, offset_sum))
        samples["kafka_consumergroup_lag_sum"].append((group_topic, lag_sum))
