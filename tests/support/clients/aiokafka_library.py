"""aiokafka behind the tests' interface: a loop on a thread of its own, and calls that wait."""

import asyncio
import threading
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import aiokafka
from aiokafka import admin as aiokafka_admin
from aiokafka import errors as aiokafka_errors
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.protocol.admin import DeleteGroupsRequest

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

ASSIGNORS = {"range": RangePartitionAssignor, "roundrobin": RoundRobinPartitionAssignor}
ResultT = TypeVar("ResultT")


class LoopThread:
    """An event loop that runs until it is closed."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="aiokafka")
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Run on the loop; give or raise what comes of it."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        return future.result(DELIVERY_TIMEOUT_S)

    def close(self) -> None:
        self.run(self._finish())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    async def _finish(self) -> None:
        """Let what the library left behind end, and closed connections go."""
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await asyncio.sleep(0)


class AiokafkaSent(Sent):
    """The future of a delivery."""

    def __init__(self, thread: LoopThread, future: "asyncio.Future[Any]") -> None:
        self._thread = thread
        self._future = future

    def wait(self) -> Position:
        async def delivered() -> Any:
            return await self._future

        found = self._thread.run(delivered())
        return Position(found.partition, found.offset)


class AiokafkaProducer(Producer):
    """`aiokafka.AIOKafkaProducer`."""

    def __init__(self, thread: LoopThread, config: dict[str, Any]) -> None:
        self._thread = thread

        async def start() -> aiokafka.AIOKafkaProducer:
            producer = aiokafka.AIOKafkaProducer(**config)
            await producer.start()
            return producer

        self._producer = thread.run(start())

    def send(self, topic: str, message: Message) -> Sent:
        sending = self._producer.send(topic, **sent_arguments(message))
        return AiokafkaSent(self._thread, self._thread.run(sending))

    def flush(self) -> None:
        self._thread.run(self._producer.flush())

    def close(self) -> None:
        self._thread.run(self._producer.stop())


class AiokafkaConsumer(Consumer):
    """`aiokafka.AIOKafkaConsumer`."""

    def __init__(
        self,
        thread: LoopThread,
        config: dict[str, Any],
        *,
        topics: Sequence[str] = (),
        assigned: Sequence[TopicPartition] = (),
    ) -> None:
        self._thread = thread

        async def start() -> aiokafka.AIOKafkaConsumer:
            consumer = aiokafka.AIOKafkaConsumer(*topics, **config)
            if assigned:
                consumer.assign([aiokafka.TopicPartition(*each) for each in assigned])
            await consumer.start()
            return consumer

        self._consumer = thread.run(start())

    def poll(self, timeout_s: float) -> list[Record]:
        found = self._thread.run(self._consumer.getmany(timeout_ms=int(timeout_s * 1000)))
        return read_all(found)

    def assignment(self) -> set[TopicPartition]:
        return {(each.topic, each.partition) for each in self._consumer.assignment()}

    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        wanted = {aiokafka.TopicPartition(*each): offset for each, offset in offsets.items()}
        self._thread.run(self._consumer.commit(wanted))

    def committed(self, partition: TopicPartition) -> int | None:
        found = self._thread.run(self._consumer.committed(aiokafka.TopicPartition(*partition)))
        return None if found is None else int(found)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        async def seek() -> None:
            self._consumer.seek(aiokafka.TopicPartition(*partition), offset)

        self._thread.run(seek())

    def offset_for_time(self, partition: TopicPartition, timestamp_ms: int) -> int | None:
        wanted = aiokafka.TopicPartition(*partition)
        times = {wanted: timestamp_ms}
        found = self._thread.run(self._consumer.offsets_for_times(times))[wanted]
        return None if found is None else int(found.offset)

    def bounds(self, partition: TopicPartition) -> tuple[int, int]:
        wanted = aiokafka.TopicPartition(*partition)
        first = self._thread.run(self._consumer.beginning_offsets([wanted]))[wanted]
        return first, self._thread.run(self._consumer.end_offsets([wanted]))[wanted]

    def close(self) -> None:
        self._thread.run(self._consumer.stop())


class AiokafkaAdmin(Admin):
    """`aiokafka.admin.AIOKafkaAdminClient`."""

    def __init__(self, thread: LoopThread, config: dict[str, Any]) -> None:
        self._thread = thread

        async def start() -> aiokafka_admin.AIOKafkaAdminClient:
            admin = aiokafka_admin.AIOKafkaAdminClient(**config)
            await admin.start()
            return admin

        self._admin = thread.run(start())

    def create_topic(
        self,
        name: str,
        partitions: int,
        replication_factor: int = 1,
        configs: Mapping[str, str] | None = None,
    ) -> None:
        topic = aiokafka_admin.NewTopic(
            name, partitions, replication_factor, topic_configs=dict(configs or {})
        )
        answer = self._thread.run(self._admin.create_topics([topic]))
        for _, code, message in answer.topic_errors:
            require_no_error(code, message)

    def delete_topic(self, name: str) -> None:
        answer = self._thread.run(self._admin.delete_topics([name]))
        for _, code in answer.topic_error_codes:
            require_no_error(code)

    def delete_records(self, partition: TopicPartition, offset: int) -> None:
        before = aiokafka_admin.RecordsToDelete(offset)
        wanted = {aiokafka.TopicPartition(*partition): before}
        self._thread.run(self._admin.delete_records(wanted))

    def create_partitions(self, name: str, total: int) -> None:
        wanted = {name: aiokafka_admin.NewPartitions(total)}
        self._thread.run(self._admin.create_partitions(wanted))

    def topics(self) -> set[str]:
        return set(self._thread.run(self._admin.list_topics()))

    def describe_topic(self, name: str) -> TopicDescription:
        (topic,) = self._thread.run(self._admin.describe_topics([name]))
        require_no_error(topic["error_code"])
        return TopicDescription(
            {each["partition"]: each["leader"] for each in topic["partitions"]},
            {each["partition"]: each["replicas"] for each in topic["partitions"]},
        )

    def topic_config(self, name: str) -> dict[str, str | None]:
        kind = aiokafka_admin.config_resource.ConfigResourceType.TOPIC
        resource = aiokafka_admin.config_resource.ConfigResource(kind, name)
        (answer,) = self._thread.run(self._admin.describe_configs([resource]))
        ((code, message, _, _, entries),) = answer.resources
        require_no_error(code, message)
        return {entry[0]: entry[1] for entry in entries}

    def cluster(self) -> tuple[set[int], int]:
        described = self._thread.run(self._admin.describe_cluster())
        return {node["node_id"] for node in described["brokers"]}, described["controller_id"]

    def groups(self) -> set[str]:
        return {group[0] for group in self._thread.run(self._admin.list_consumer_groups())}

    def describe_group(self, group_id: str) -> GroupDescription:
        (answer,) = self._thread.run(self._admin.describe_consumer_groups([group_id]))
        (group,) = answer.to_object()["groups"]
        require_no_error(group["error_code"])
        return GroupDescription(
            group["state"], group["protocol"], [each["client_id"] for each in group["members"]]
        )

    def delete_group(self, group_id: str) -> None:
        # The admin client speaks the request but has no method for it.
        async def delete() -> Any:
            node_id = await self._admin.find_coordinator(group_id)
            return await self._admin._send_request(DeleteGroupsRequest([group_id]), node_id)

        ((_, code),) = self._thread.run(delete()).results
        require_no_error(code)

    def close(self) -> None:
        self._thread.run(self._admin.close())


class AiokafkaLibrary(Library):
    """aiokafka."""

    NAME = "aiokafka"
    ASSIGNORS = frozenset(ASSIGNORS)

    def __init__(self, bootstrap_servers: str) -> None:
        super().__init__(bootstrap_servers)
        self._thread = LoopThread()

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._thread.close()

    def _common(self) -> dict[str, Any]:
        return common_config(self.bootstrap_servers)

    def _producer(self, compression: str, idempotent: bool, acks: int) -> Producer:
        config = {
            **self._common(),
            "compression_type": compression_type(compression),
            "enable_idempotence": idempotent,
            "acks": acks,
            "max_request_size": MAX_REQUEST_BYTES,
            # What it tries again, it gives up at this age.
            "request_timeout_ms": int(DELIVERY_TIMEOUT_S * 1000),
        }
        return AiokafkaProducer(self._thread, config)

    def _reader(self, topic: str, partitions: Sequence[int], fetch_max_wait_ms: int) -> Consumer:
        config = {**self._common(), **reader_config(fetch_max_wait_ms)}
        assigned = [(topic, each) for each in partitions]
        return AiokafkaConsumer(self._thread, config, assigned=assigned)

    def _member(self, options: MemberOptions) -> Consumer:
        config = {**self._common(), **member_config(options, ASSIGNORS)}
        return AiokafkaConsumer(self._thread, config, topics=[options.topic])

    def _admin(self) -> Admin:
        return AiokafkaAdmin(self._thread, self._common())


def require_no_error(code: int, message: str | None = None) -> None:
    """Raise the error of a code."""
    if code:
        error = aiokafka_errors.for_code(code)
        raise error(message or error.__name__)
