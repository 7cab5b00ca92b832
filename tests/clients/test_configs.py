"""Configs changed through each client's admin API, and obeyed at once."""

from collections.abc import Callable

import aiokafka.admin as aiokafka_admin
import confluent_kafka
import kafka.admin as kafka_admin
import pytest
from aiokafka.admin.config_resource import ConfigResource as AioResource
from aiokafka.admin.config_resource import ConfigResourceType as AioType
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from compat.pybroker_process import PybrokerProcess
from pybroker import Broker
from tests.support.clients.library import Library, Message

TIMEOUT_S = 30.0
BROKER, GROUP, TOPIC = ResourceType.BROKER, ResourceType.GROUP, ResourceType.TOPIC
SET = AlterConfigOpType.SET


def alter_by_confluent(servers: str, topic: str, configs: dict[str, str]) -> None:
    admin = AdminClient({"bootstrap.servers": servers})
    incremental(admin, TOPIC, topic, *(entry(key, text) for key, text in configs.items()))


def alter_by_confluent_as_of_old(servers: str, topic: str, configs: dict[str, str]) -> None:
    admin = AdminClient({"bootstrap.servers": servers})
    with pytest.deprecated_call():
        (done,) = admin.alter_configs([ConfigResource(TOPIC, topic, set_config=configs)]).values()
    done.result(TIMEOUT_S)


def alter_by_kafka_python(servers: str, topic: str, configs: dict[str, str]) -> None:
    admin = kafka_admin.KafkaAdminClient(bootstrap_servers=servers)
    admin.alter_configs([kafka_admin.ConfigResource("topic", topic, configs=configs)])
    admin.close()


def alter_by_kafka_python_as_of_old(servers: str, topic: str, configs: dict[str, str]) -> None:
    admin = kafka_admin.KafkaAdminClient(bootstrap_servers=servers)
    resource = kafka_admin.ConfigResource("topic", topic, configs=configs)
    admin.alter_configs([resource], incremental=False)
    admin.close()


def alter_by_aiokafka(servers: str, topic: str, configs: dict[str, str]) -> None:
    import asyncio  # noqa: PLC0415 - the others need no loop

    async def alter() -> None:
        admin = aiokafka_admin.AIOKafkaAdminClient(bootstrap_servers=servers)
        await admin.start()
        try:
            (answer,) = await admin.alter_configs([AioResource(AioType.TOPIC, topic, configs)])
            assert [each[0] for each in answer.resources] == [0]
        finally:
            await admin.close()

    asyncio.run(alter())


WAYS = [
    alter_by_confluent,
    alter_by_confluent_as_of_old,
    alter_by_kafka_python,
    alter_by_kafka_python_as_of_old,
    alter_by_aiokafka,
]


def entry(name: str, value: str | None, operation: AlterConfigOpType = SET) -> ConfigEntry:
    return ConfigEntry(name, value, incremental_operation=operation)


def incremental(admin: AdminClient, kind: ResourceType, name: str, *entries: ConfigEntry) -> None:
    resource = ConfigResource(kind, name, incremental_configs=list(entries))
    (done,) = admin.incremental_alter_configs([resource]).values()
    done.result(TIMEOUT_S)


def describe(admin: AdminClient, kind: ResourceType, name: str) -> dict[str, ConfigEntry]:
    (done,) = admin.describe_configs([ConfigResource(kind, name)]).values()
    found: dict[str, ConfigEntry] = done.result(TIMEOUT_S)
    return found


@pytest.mark.parametrize("alter", WAYS, ids=lambda alter: alter.__name__)
def test_a_topic_is_altered_by_every_client(
    broker: Broker, connect: Callable[[str], Library], alter: Callable[..., None]
) -> None:
    library = connect("confluent-kafka")
    admin = library.admin()
    admin.create_topic("altered", 1)
    alter(broker.bootstrap_servers, "altered", {"max.message.bytes": "2000", "flush.ms": "9"})
    configs = admin.topic_config("altered")
    assert (configs["max.message.bytes"], configs["flush.ms"]) == ("2000", "9")
    with pytest.raises(Exception, match="MSG_SIZE_TOO_LARGE"):
        library.producer().send_all("altered", [Message(b"x" * 3_000)])


@pytest.fixture
def confluent_admin(broker: Broker) -> AdminClient:
    return AdminClient({"bootstrap.servers": broker.bootstrap_servers})


def test_lists_are_added_to_and_taken_from(
    broker: Broker, connect: Callable[[str], Library], confluent_admin: AdminClient
) -> None:
    connect("confluent-kafka").admin().create_topic("listed", 1)
    policy = "cleanup.policy"
    appended = entry(policy, "compact", AlterConfigOpType.APPEND)
    incremental(confluent_admin, TOPIC, "listed", appended)
    assert describe(confluent_admin, TOPIC, "listed")[policy].value == "delete,compact"
    subtracted = entry(policy, "delete", AlterConfigOpType.SUBTRACT)
    incremental(confluent_admin, TOPIC, "listed", subtracted)
    assert describe(confluent_admin, TOPIC, "listed")[policy].value == "compact"
    deleted = entry(policy, None, AlterConfigOpType.DELETE)
    incremental(confluent_admin, TOPIC, "listed", deleted)
    assert describe(confluent_admin, TOPIC, "listed")[policy].value == "delete"


def test_a_broker_is_altered_and_its_topics_obey(
    connect: Callable[[str], Library], confluent_admin: AdminClient
) -> None:
    library = connect("confluent-kafka")
    library.admin().create_topic("inherits", 1)
    incremental(confluent_admin, BROKER, "1", entry("message.max.bytes", "2000"))
    producer = library.producer()
    with pytest.raises(Exception, match="MSG_SIZE_TOO_LARGE"):
        producer.send_all("inherits", [Message(b"x" * 3_000)])
    deleted = entry("message.max.bytes", None, AlterConfigOpType.DELETE)
    incremental(confluent_admin, BROKER, "1", deleted)
    producer.send_all("inherits", [Message(b"x" * 3_000)])


def test_refusals_have_kafkas_words(confluent_admin: AdminClient) -> None:
    with pytest.raises(confluent_kafka.KafkaException, match="Cannot update these configs"):
        incremental(confluent_admin, BROKER, "1", entry("num.partitions", "3"))
    with pytest.raises(confluent_kafka.KafkaException, match="'nowhere' does not exist"):
        incremental(confluent_admin, TOPIC, "nowhere", entry("flush.ms", "3"))


def test_what_was_altered_survives_kill_9(process: PybrokerProcess) -> None:
    admin = AdminClient({"bootstrap.servers": process.bootstrap_servers})
    (created,) = admin.create_topics([confluent_kafka.admin.NewTopic("kept", 1, 1)]).values()
    created.result(TIMEOUT_S)
    incremental(admin, TOPIC, "kept", entry("flush.ms", "9"))
    incremental(admin, BROKER, "1", entry("message.max.bytes", "2000"))
    incremental(admin, GROUP, "g", entry("consumer.heartbeat.interval.ms", "7000"))
    process.kill()
    process.start()
    admin = AdminClient({"bootstrap.servers": process.bootstrap_servers})
    assert describe(admin, TOPIC, "kept")["flush.ms"].value == "9"
    assert describe(admin, TOPIC, "kept")["max.message.bytes"].value == "2000"
    assert describe(admin, GROUP, "g")["consumer.heartbeat.interval.ms"].value == "7000"
