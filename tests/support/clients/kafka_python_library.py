"""kafka-python behind the tests' interface."""

import socket
from collections.abc import Mapping, Sequence
from typing import Any

import kafka
from kafka import admin as kafka_admin
from kafka import errors as kafka_errors
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.net.inet import KafkaNetSocket
from kafka.structs import OffsetAndMetadata
from kafka.structs import TopicPartition as KafkaTopicPartition

from tests.support.clients.java_style import (
    common_config,
    compression_type,
    member_config,
    read_all,
    reader_config,
    sent_arguments,
)
from tests.support.clients.library import (
    DELIVERY_TIMEOUT_S,
    MAX_REQUEST_BYTES,
    RECONNECT_BACKOFF_MAX_MS,
    RECONNECT_BACKOFF_MS,
    REQUEST_TIMEOUT_MS,
    Admin,
    Consumer,
    GroupDescription,
    Library,
    MemberOptions,
    Message,
    Position,
    Producer,
    Record,
    Sent,
    TopicDescription,
    TopicPartition,
)

ASSIGNORS = {
    "range": RangePartitionAssignor,
    "roundrobin": RoundRobinPartitionAssignor,
    "cooperative-sticky": CooperativeStickyAssignor,
}

connect_socket = KafkaNetSocket.sock_connect


async def connect_or_close(
    factory: KafkaNetSocket, net: Any, sock: socket.socket, *arguments: Any, **options: Any
) -> socket.socket:
    """Close a socket that cannot connect, which kafka-python 3.0.12 forgets."""
    try:
        return await connect_socket(factory, net, sock, *arguments, **options)
    except BaseException:
        sock.close()
        raise


KafkaNetSocket.sock_connect = connect_or_close


class KafkaPythonSent(Sent):
    """`FutureRecordMetadata`."""

    def __init__(self, future: Any) -> None:
        self._future = future

    def wait(self) -> Position:
        found = self._future.get(timeout=DELIVERY_TIMEOUT_S)
        return Position(found.partition, found.offset)


class KafkaPythonProducer(Producer):
    """`kafka.KafkaProducer`."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._producer = kafka.KafkaProducer(**config)

    def send(self, topic: str, message: Message) -> Sent:
        future = self._producer.send(topic, **sent_arguments(message))
        return KafkaPythonSent(future)

    def flush(self) -> None:
        self._producer.flush(timeout=DELIVERY_TIMEOUT_S)

    def close(self) -> None:
        self._producer.close(timeout=DELIVERY_TIMEOUT_S)


class KafkaPythonConsumer(Consumer):
    """`kafka.KafkaConsumer`."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.consumer = kafka.KafkaConsumer(**config)

    def poll(self, timeout_s: float) -> list[Record]:
        found = self.consumer.poll(timeout_ms=int(timeout_s * 1000))
        return read_all(found)

    def assignment(self) -> set[TopicPartition]:
        return {(each.topic, each.partition) for each in self.consumer.assignment()}

    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.consumer.commit(
            {
                kafka.TopicPartition(*partition): OffsetAndMetadata(offset, "", -1)
                for partition, offset in offsets.items()
            },
            timeout_ms=REQUEST_TIMEOUT_MS,
        )

    def committed(self, partition: TopicPartition) -> int | None:
        found = self.consumer.committed(
            kafka.TopicPartition(*partition), timeout_ms=REQUEST_TIMEOUT_MS
        )
        return None if found is None else int(found)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.consumer.seek(kafka.TopicPartition(*partition), offset)

    def offset_for_time(self, partition: TopicPartition, timestamp_ms: int) -> int | None:
        wanted = kafka.TopicPartition(*partition)
        found = self.consumer.offsets_for_times({wanted: timestamp_ms})[wanted]
        return None if found is None else int(found.offset)

    def bounds(self, partition: TopicPartition) -> tuple[int, int]:
        wanted = kafka.TopicPartition(*partition)
        first = self.consumer.beginning_offsets([wanted])[wanted]
        return first, self.consumer.end_offsets([wanted])[wanted]

    def close(self) -> None:
        self.consumer.close(autocommit=False)


class KafkaPythonAdmin(Admin):
    """`kafka.admin.KafkaAdminClient`."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._admin = kafka_admin.KafkaAdminClient(**config)

    def create_topic(
        self,
        name: str,
        partitions: int,
        replication_factor: int = 1,
        configs: Mapping[str, str] | None = None,
    ) -> None:
        options = {
            "num_partitions": partitions,
            "replication_factor": replication_factor,
            "configs": dict(configs or {}),
        }
        self._admin.create_topics({name: options})

    def delete_topic(self, name: str) -> None:
        self._admin.delete_topics([name])

    def delete_records(self, partition: TopicPartition, offset: int) -> None:
        self._admin.delete_records({KafkaTopicPartition(*partition): offset})

    def create_partitions(self, name: str, total: int) -> None:
        self._admin.create_partitions({name: total})

    def topics(self) -> set[str]:
        return set(self._admin.list_topics())

    def describe_topic(self, name: str) -> TopicDescription:
        (topic,) = self._admin.describe_topics([name])
        return TopicDescription(
            {each["partition_index"]: each["leader_id"] for each in topic["partitions"]},
            {each["partition_index"]: each["replica_nodes"] for each in topic["partitions"]},
        )

    def topic_config(self, name: str) -> dict[str, str | None]:
        resource = kafka_admin.ConfigResource("topic", name)
        described = self._admin.describe_configs([resource], config_filter="all")
        return {key: entry["value"] for key, entry in described["topic"][name].items()}

    def cluster(self) -> tuple[set[int], int]:
        described = self._admin.describe_cluster()
        return {node["broker_id"] for node in described["brokers"]}, described["controller_id"]

    def groups(self) -> set[str]:
        return {group["group_id"] for group in self._admin.list_groups()}

    def describe_group(self, group_id: str) -> GroupDescription:
        described = self._admin.describe_groups([group_id])[group_id]
        return GroupDescription(
            described["group_state"],
            described["protocol_data"],
            [member["client_id"] for member in described["members"]],
        )

    def delete_group(self, group_id: str) -> None:
        result = self._admin.delete_groups([group_id])[group_id]
        if result != "OK":
            raise kafka_errors.KafkaError(result)

    def close(self) -> None:
        self._admin.close()


class KafkaPythonLibrary(Library):
    """kafka-python."""

    NAME = "kafka-python"
    ASSIGNORS = frozenset(ASSIGNORS)

    def _common(self) -> dict[str, Any]:
        return {
            **common_config(self.bootstrap_servers),
            "reconnect_backoff_ms": RECONNECT_BACKOFF_MS,
            "reconnect_backoff_max_ms": RECONNECT_BACKOFF_MAX_MS,
        }

    def _producer(self, compression: str, idempotent: bool, acks: int) -> Producer:
        return KafkaPythonProducer(
            {
                **self._common(),
                "compression_type": compression_type(compression),
                "enable_idempotence": idempotent,
                "acks": acks,
                "max_request_size": MAX_REQUEST_BYTES,
                "delivery_timeout_ms": DELIVERY_TIMEOUT_S * 1000,
            }
        )

    def _reader(self, topic: str, partitions: Sequence[int], fetch_max_wait_ms: int) -> Consumer:
        consumer = KafkaPythonConsumer({**self._common(), **reader_config(fetch_max_wait_ms)})
        consumer.consumer.assign([kafka.TopicPartition(topic, each) for each in partitions])
        return consumer

    def _member(self, options: MemberOptions) -> Consumer:
        consumer = KafkaPythonConsumer({**self._common(), **member_config(options, ASSIGNORS)})
        # A leader that does not know the topic yet assigns nothing, and joins again once it does;
        # kafka-python 3.0.12 forgets that second join when a poll ends in the middle of it.
        consumer.consumer.partitions_for_topic(options.topic)
        consumer.consumer.subscribe([options.topic])
        return consumer

    def _admin(self) -> Admin:
        return KafkaPythonAdmin(self._common())
