"""confluent-kafka, which is librdkafka, behind the tests' interface."""

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import confluent_kafka as kafka
from confluent_kafka import admin as kafka_admin

from tests.support.clients.library import (
    DELIVERY_TIMEOUT_S,
    HEARTBEAT_INTERVAL_MS,
    MAX_REQUEST_BYTES,
    RECONNECT_BACKOFF_MAX_MS,
    RECONNECT_BACKOFF_MS,
    REQUEST_TIMEOUT_MS,
    RETRY_BACKOFF_MS,
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

if TYPE_CHECKING:
    from concurrent.futures import Future

TIMEOUT_S = REQUEST_TIMEOUT_MS / 1000
POLL_RECORDS = 1_000

SILENT = logging.getLogger("tests.librdkafka")
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False


class ConfluentSent(Sent):
    """A record whose delivery report comes while its producer polls."""

    def __init__(self, producer: "ConfluentProducer") -> None:
        self._producer = producer
        self.report: tuple[Any, Any] | None = None

    def delivered(self, error: Any, message: Any) -> None:
        self.report = (error, message)

    def wait(self) -> Position:
        if self.report is None:
            self._producer.flush()
        assert self.report is not None, "no delivery report"
        error, message = self.report
        if error is not None:
            raise kafka.KafkaException(error)
        return Position(message.partition(), message.offset())


class ConfluentProducer(Producer):
    """`confluent_kafka.Producer`."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._producer = kafka.Producer(config)

    def send(self, topic: str, message: Message) -> Sent:
        sent = ConfluentSent(self)
        arguments: dict[str, Any] = {}
        if message.partition is not None:
            arguments["partition"] = message.partition
        if message.timestamp_ms is not None:
            arguments["timestamp"] = message.timestamp_ms
        self._producer.produce(
            topic,
            value=message.value,
            key=message.key,
            headers=list(message.headers),
            on_delivery=sent.delivered,
            **arguments,
        )
        self._producer.poll(0)
        return sent

    def flush(self) -> None:
        assert self._producer.flush(DELIVERY_TIMEOUT_S) == 0

    def close(self) -> None:
        self.flush()


class ConfluentConsumer(Consumer):
    """`confluent_kafka.Consumer`."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.consumer = kafka.Consumer(config)

    def poll(self, timeout_s: float) -> list[Record]:
        # `consume` alone would wait for as many records as it may give.
        first = self.consumer.poll(timeout_s)
        if first is None:
            return []
        return [read(message) for message in [first, *self.consumer.consume(POLL_RECORDS, 0)]]

    def assignment(self) -> set[TopicPartition]:
        return {(each.topic, each.partition) for each in self.consumer.assignment()}

    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        wanted = [kafka.TopicPartition(*each, offset) for each, offset in offsets.items()]
        for answered in self.consumer.commit(offsets=wanted, asynchronous=False):
            if answered.error is not None:
                raise kafka.KafkaException(answered.error)

    def committed(self, partition: TopicPartition) -> int | None:
        (found,) = self.consumer.committed([kafka.TopicPartition(*partition)], TIMEOUT_S)
        return None if found.offset == kafka.OFFSET_INVALID else int(found.offset)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        # An assigned partition can only be sought once its fetching has begun.
        self.consumer.incremental_unassign([kafka.TopicPartition(*partition)])
        self.consumer.incremental_assign([kafka.TopicPartition(*partition, offset)])

    def offset_for_time(self, partition: TopicPartition, timestamp_ms: int) -> int | None:
        wanted = kafka.TopicPartition(*partition, timestamp_ms)
        (found,) = self.consumer.offsets_for_times([wanted], TIMEOUT_S)
        return None if found.offset == kafka.OFFSET_END else int(found.offset)

    def bounds(self, partition: TopicPartition) -> tuple[int, int]:
        first, end = self.consumer.get_watermark_offsets(
            kafka.TopicPartition(*partition), TIMEOUT_S, cached=False
        )
        return first, end

    def close(self) -> None:
        self.consumer.close()


class ConfluentAdmin(Admin):
    """`confluent_kafka.admin.AdminClient`."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._admin = kafka_admin.AdminClient(config)

    def create_topic(
        self,
        name: str,
        partitions: int,
        replication_factor: int = 1,
        configs: Mapping[str, str] | None = None,
    ) -> None:
        topic = kafka_admin.NewTopic(
            name, partitions, replication_factor, config=dict(configs or {})
        )
        only(self._admin.create_topics([topic]))

    def delete_topic(self, name: str) -> None:
        only(self._admin.delete_topics([name]))

    def delete_records(self, partition: TopicPartition, offset: int) -> None:
        only(self._admin.delete_records([kafka.TopicPartition(*partition, offset)]))

    def create_partitions(self, name: str, total: int) -> None:
        only(self._admin.create_partitions([kafka_admin.NewPartitions(name, total)]))

    def topics(self) -> set[str]:
        return set(self._admin.list_topics(timeout=TIMEOUT_S).topics)

    def describe_topic(self, name: str) -> TopicDescription:
        described = only(self._admin.describe_topics(kafka.TopicCollection([name])))
        return TopicDescription(
            {each.id: each.leader.id for each in described.partitions},
            {each.id: [node.id for node in each.replicas] for each in described.partitions},
        )

    def topic_config(self, name: str) -> dict[str, str | None]:
        resource = kafka_admin.ConfigResource(kafka_admin.ResourceType.TOPIC, name)
        entries = only(self._admin.describe_configs([resource]))
        return {key: entry.value for key, entry in entries.items()}

    def cluster(self) -> tuple[set[int], int]:
        described = self._admin.describe_cluster().result(TIMEOUT_S)
        return {node.id for node in described.nodes}, described.controller.id

    def groups(self) -> set[str]:
        listed = self._admin.list_consumer_groups().result(TIMEOUT_S)
        assert not listed.errors
        return {group.group_id for group in listed.valid}

    def describe_group(self, group_id: str) -> GroupDescription:
        described = only(self._admin.describe_consumer_groups([group_id]))
        return GroupDescription(
            described.state.name.title().replace("_", ""),
            described.partition_assignor,
            [member.client_id for member in described.members],
        )

    def delete_group(self, group_id: str) -> None:
        only(self._admin.delete_consumer_groups([group_id]))

    def close(self) -> None:
        """Nothing: it ends when it is collected."""


class ConfluentLibrary(Library):
    """confluent-kafka."""

    NAME = "confluent-kafka"
    ASSIGNORS = frozenset({"range", "roundrobin", "cooperative-sticky"})

    def _common(self) -> dict[str, Any]:
        return {
            "bootstrap.servers": self.bootstrap_servers,
            "reconnect.backoff.ms": RECONNECT_BACKOFF_MS,
            "reconnect.backoff.max.ms": RECONNECT_BACKOFF_MAX_MS,
            "retry.backoff.ms": RETRY_BACKOFF_MS,
            # Connections that a restart cuts are what is tested; librdkafka would print them.
            "logger": SILENT,
        }

    def _producer(self, compression: str, idempotent: bool, acks: int) -> Producer:
        return ConfluentProducer(
            {
                **self._common(),
                "compression.type": compression,
                "enable.idempotence": idempotent,
                "acks": acks,
                "linger.ms": 0,
                "message.max.bytes": MAX_REQUEST_BYTES,
                "delivery.timeout.ms": int(DELIVERY_TIMEOUT_S * 1000),
            }
        )

    def _reader(self, topic: str, partitions: Sequence[int], fetch_max_wait_ms: int) -> Consumer:
        consumer = ConfluentConsumer(
            {
                **self._common(),
                "group.id": "unused",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": fetch_max_wait_ms,
                "socket.timeout.ms": fetch_max_wait_ms + REQUEST_TIMEOUT_MS,
            }
        )
        consumer.consumer.assign(
            [kafka.TopicPartition(topic, each, kafka.OFFSET_BEGINNING) for each in partitions]
        )
        return consumer

    def _member(self, options: MemberOptions) -> Consumer:
        config = {
            **self._common(),
            "group.id": options.group_id,
            "client.id": options.client_id,
            "partition.assignment.strategy": options.assignor,
            "session.timeout.ms": options.session_timeout_ms,
            "heartbeat.interval.ms": HEARTBEAT_INTERVAL_MS,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
        if options.instance_id is not None:
            config["group.instance.id"] = options.instance_id
        consumer = ConfluentConsumer(config)
        consumer.consumer.subscribe([options.topic])
        return consumer

    def _admin(self) -> Admin:
        return ConfluentAdmin(self._common())


def read(message: Any) -> Record:
    """Give what the library read as the tests' record."""
    if message.error() is not None:
        raise kafka.KafkaException(message.error())
    _, timestamp_ms = message.timestamp()
    return Record(
        message.topic(),
        message.partition(),
        message.offset(),
        timestamp_ms,
        message.key(),
        message.value(),
        tuple(message.headers() or ()),
    )


def only(futures: Mapping[Any, "Future[Any]"]) -> Any:
    """Wait for the one result, or raise its error."""
    (future,) = futures.values()
    return future.result(TIMEOUT_S)
