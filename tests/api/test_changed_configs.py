"""What a config does that is changed while logs are open, members are in and jobs wait."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pybroker import Broker
from pybroker.errors import ErrorCode
from pybroker.metadata.carry_out import delete, obey
from pybroker.protocol.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from pybroker.protocol.create_partitions import CreatePartitionsRequest
from pybroker.protocol.fetch import FetchRequest
from pybroker.protocol.list_groups import ListGroupsRequest
from pybroker.protocol.produce import ProduceRequest
from tests.support.alter_configs import (
    APPEND,
    BROKER,
    BROKER_LOGGER,
    CLIENT_METRICS,
    DELETE,
    GROUP,
    OK,
    TOPIC,
    alter,
    alter_all,
    described,
    replace,
    values,
)
from tests.support.held_clock import START_MS, HeldClock
from tests.support.raw_client import RawClient, create_topic
from tests.support.record_batches import produce, record_batch
from tests.support.waiting import wait_until

HOUR_MS = 3_600_000
CHECK_MS = 300_000
LARGEST = "message.max.bytes"
HEARTBEAT = "consumer.heartbeat.interval.ms"
DYNAMIC, DYNAMIC_DEFAULT, STATIC, DEFAULT = 2, 3, 4, 5


def segments(data_dir: Path, topic: str, partition: int = 0) -> list[int]:
    return sorted(int(path.stem) for path in (data_dir / f"{topic}-{partition}").glob("*.log"))


def fill(client: RawClient, topic: str, count: int, partition: int = 0) -> None:
    for _ in range(count):
        produce(client, topic, partition, record_batch([START_MS], value=b"x" * 100))


def append(client: RawClient, topic: str, batch: bytes) -> int:
    """Append, and give the error code."""
    data = ProduceRequest.PartitionProduceData(index=0, records=batch)
    topic_data = ProduceRequest.TopicProduceData(name=topic, partition_data=[data])
    request = ProduceRequest(acks=-1, timeout_ms=30_000, topic_data=[topic_data])
    return int(client.ask(request, 9).responses[0].partition_responses[0].error_code)


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def held_broker(start_broker: Callable[..., Broker], clock: HeldClock, tmp_path: Path) -> Broker:
    """A broker whose clock the test moves; its data is in `tmp_path`."""
    return start_broker(clock=clock, data_dir=tmp_path)


@pytest.fixture
def held_client(held_broker: Broker) -> Iterator[RawClient]:
    with RawClient(held_broker.bootstrap_servers) as connection:
        yield connection


# Logs.


def test_an_open_log_obeys_a_smaller_segment_size(held_client: RawClient, tmp_path: Path) -> None:
    create_topic(held_client, "t", partitions=2)
    for partition in (0, 1):
        fill(held_client, "t", 4, partition)
    assert segments(tmp_path, "t") == [0]
    assert alter(held_client, TOPIC, "t", ("internal.segment.bytes", "400")) == OK
    for partition in (0, 1):
        fill(held_client, "t", 4, partition)
        assert len(segments(tmp_path, "t", partition)) > 2


def test_an_open_log_obeys_another_retention(
    held_client: RawClient, held_broker: Broker, clock: HeldClock, tmp_path: Path
) -> None:
    create_topic(held_client, "t", configs=[("internal.segment.bytes", "400")])
    fill(held_client, "t", 6)
    before = segments(tmp_path, "t")
    clock.advance(held_broker, HOUR_MS)
    assert segments(tmp_path, "t") == before
    assert alter(held_client, TOPIC, "t", ("retention.ms", str(HOUR_MS // 2))) == OK

    def is_removed() -> bool:
        clock.advance(held_broker, CHECK_MS)
        return segments(tmp_path, "t")[0] > 0

    wait_until(is_removed)


def test_topics_obey_the_brokers_retention_unless_they_have_their_own(
    held_client: RawClient, held_broker: Broker, clock: HeldClock, tmp_path: Path
) -> None:
    small = ("internal.segment.bytes", "400")
    create_topic(held_client, "inherits", configs=[small])
    create_topic(held_client, "keeps", configs=[small, ("retention.ms", "-1")])
    for topic in ("inherits", "keeps"):
        fill(held_client, topic, 6)
    assert alter(held_client, BROKER, "", ("log.retention.ms", str(HOUR_MS // 2))) == OK
    clock.advance(held_broker, HOUR_MS)

    def is_removed() -> bool:
        clock.advance(held_broker, CHECK_MS)
        return segments(tmp_path, "inherits")[0] > 0

    wait_until(is_removed)
    assert segments(tmp_path, "keeps")[0] == 0


def test_the_next_batch_is_held_to_what_was_changed(client: RawClient) -> None:
    create_topic(client, "t")
    batch = record_batch([START_MS], value=b"x" * 500, key=None)
    assert append(client, "t", batch) == ErrorCode.NONE
    for name, value, code in (
        ("max.message.bytes", "200", ErrorCode.MESSAGE_TOO_LARGE),
        ("cleanup.policy", "compact", ErrorCode.INVALID_RECORD),
        ("message.timestamp.before.max.ms", "1000", ErrorCode.INVALID_TIMESTAMP),
    ):
        assert alter(client, TOPIC, "t", (name, value)) == OK
        assert append(client, "t", batch) == code
        assert alter(client, TOPIC, "t", (name, None, DELETE)) == OK
        assert append(client, "t", batch) == ErrorCode.NONE


def test_batches_are_stored_by_the_codec_of_now(client: RawClient) -> None:
    create_topic(client, "t")
    batch = record_batch([START_MS], value=b"x" * 500)
    assert append(client, "t", batch) == ErrorCode.NONE
    assert alter(client, TOPIC, "t", ("compression.type", "gzip")) == OK
    assert append(client, "t", batch) == ErrorCode.NONE
    partition = FetchRequest.FetchPartition(
        partition=0, fetch_offset=0, partition_max_bytes=1 << 20
    )
    topic = FetchRequest.FetchTopic(topic="t", partitions=[partition])
    request = FetchRequest(max_wait_ms=0, min_bytes=0, max_bytes=1 << 20, topics=[topic])
    records = client.ask(request, 12).responses[0].partitions[0].records
    assert len(batch) < len(records) < 2 * len(batch)


def test_partitions_that_are_added_obey_too(held_client: RawClient, tmp_path: Path) -> None:
    create_topic(held_client, "t")
    assert alter(held_client, TOPIC, "t", ("internal.segment.bytes", "400")) == OK
    grown = CreatePartitionsRequest.CreatePartitionsTopic(name="t", count=2, assignments=None)
    held_client.ask(CreatePartitionsRequest(topics=[grown], timeout_ms=30_000), 3)
    fill(held_client, "t", 6, partition=1)
    assert len(segments(tmp_path, "t", 1)) > 2


def test_a_topic_that_is_deleted_while_it_is_altered_leaves_no_log(
    start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    broker = start_broker(data_dir=tmp_path)
    with RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "t", partitions=20)
    topic = broker.topics.by_name["t"]

    async def both() -> None:
        await asyncio.gather(obey(broker, [topic]), delete(broker, [topic]), obey(broker, [topic]))

    assert broker._background is not None
    broker._background.run(both())
    assert not list(tmp_path.glob("t-?"))


def test_of_alterations_at_once_the_log_obeys_the_one_that_is_described(
    broker: Broker, client: RawClient
) -> None:
    create_topic(client, "t")
    batch = record_batch([START_MS], value=b"x" * 500)

    def flip(number: int) -> None:
        with RawClient(broker.bootstrap_servers) as connection:
            for step in range(30):
                value = "200" if (number + step) % 2 else "2000"
                assert alter(connection, TOPIC, "t", ("max.message.bytes", value)) == OK

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(flip, range(4)))
    codes = {"200": ErrorCode.MESSAGE_TOO_LARGE, "2000": ErrorCode.NONE}
    (described_bytes,) = values(client, TOPIC, "t", "max.message.bytes")
    assert append(client, "t", batch) == codes[str(described_bytes)]


def test_topics_that_are_made_while_a_default_changes_obey_the_last(
    broker: Broker, client: RawClient
) -> None:
    def make(number: int) -> None:
        with RawClient(broker.bootstrap_servers) as connection:
            for step in range(10):
                create_topic(connection, f"t-{number}-{step}")

    with ThreadPoolExecutor(3) as threads:
        made = [threads.submit(make, number) for number in range(3)]
        largest = 200
        while largest != 200 or not all(each.done() for each in made):
            largest = 2_200 - largest
            assert alter(client, BROKER, "1", (LARGEST, str(largest))) == OK
        for each in made:
            each.result()
    batch = record_batch([START_MS], value=b"x" * 500)
    assert len(broker.topics.by_name) == 30
    for topic in broker.topics.by_name:
        assert append(client, topic, batch) == ErrorCode.MESSAGE_TOO_LARGE


# Brokers.


def test_a_nodes_own_config_comes_before_that_of_all_nodes(client: RawClient) -> None:
    assert alter(client, BROKER, "", (LARGEST, "2000")) == OK
    assert alter(client, BROKER, "1", (LARGEST, "3000")) == OK
    config = described(client, BROKER, "1")[LARGEST]
    assert (config.value, config.config_source, config.read_only) == ("3000", DYNAMIC, False)
    assert [(one.value, one.source) for one in config.synonyms] == [
        ("3000", DYNAMIC),
        ("2000", DYNAMIC_DEFAULT),
        ("1048588", DEFAULT),
    ]
    (for_all,) = described(client, BROKER, "").values()
    assert (for_all.name, for_all.value, for_all.config_source) == (
        LARGEST,
        "2000",
        DYNAMIC_DEFAULT,
    )
    assert alter(client, BROKER, "1", (LARGEST, None, DELETE)) == OK
    assert values(client, BROKER, "1", LARGEST) == ("2000",)
    assert replace(client, BROKER, "", {}) == OK
    assert described(client, BROKER, "1")[LARGEST].config_source == DEFAULT


def test_what_was_set_at_the_start_gives_way_with_all_its_units(
    start_broker: Callable[..., Broker],
) -> None:
    broker = start_broker(settings={"log.retention.hours": "5", LARGEST: "600"})
    with RawClient(broker.bootstrap_servers) as client:
        create_topic(client, "t")
        assert alter(client, BROKER, "1", ("log.retention.ms", "7000"), (LARGEST, "800")) == OK
        assert values(client, TOPIC, "t", "retention.ms", "max.message.bytes") == ("7000", "800")
        assert values(client, BROKER, "1", "log.retention.hours") == ("168",)
        assert replace(client, BROKER, "1", {}) == OK
        assert values(client, TOPIC, "t", "retention.ms", "max.message.bytes") == (
            str(5 * HOUR_MS),
            "600",
        )


TOO_DIFFERENT = "Dynamic thread count update validation failed for log.cleaner.threads"
REFUSED = [
    ("num.partitions", "5", "Cannot update these configs dynamically: [num.partitions]"),
    ("process.roles", "5", "Cannot update these configs dynamically: [process.roles]"),
    ("listeners", "PLAINTEXT://:1", "Cannot update these configs dynamically: [listeners]"),
    ("sasl.jaas.config", "x", "Cannot update these configs dynamically: [sasl.jaas.config]"),
    ("pybroker.brokers", "2", "Cannot update these configs dynamically: [pybroker.brokers]"),
    (LARGEST, "-1", f"Invalid value -1 for configuration {LARGEST}: Value must be at least 0"),
    (
        "log.cleaner.threads",
        "3",
        f"{TOO_DIFFERENT}=3, value should not be greater than double the current value 1",
    ),
    (
        "log.cleaner.threads",
        "0",
        f"{TOO_DIFFERENT}=0, value should be at least half the current value 1",
    ),
    (
        "log.cleaner.dedupe.buffer.size",
        "1000",
        "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.",
    ),
]


@pytest.mark.parametrize("name", ["", "1"])
@pytest.mark.parametrize(("key", "value", "message"), REFUSED)
def test_what_a_broker_cannot_change_is_refused(
    client: RawClient, name: str, key: str, value: str, message: str
) -> None:
    assert alter(client, BROKER, name, (key, value)) == (ErrorCode.INVALID_REQUEST, message)
    assert alter(client, BROKER, name, (key, value), validate_only=True)[1] == message


def test_lists_of_brokers_are_refused_in_words_of_their_own(client: RawClient) -> None:
    policy = "log.cleanup.policy"
    assert alter(client, BROKER, "1", (policy, "compact", APPEND)) == OK
    assert values(client, BROKER, "1", policy) == ("delete,compact",)
    assert alter(client, BROKER, "1", (LARGEST, "5", APPEND)) == (
        ErrorCode.INVALID_CONFIG,
        f"Config value append is not allowed for config key: {LARGEST}",
    )
    assert alter(client, BROKER, "1", ("no.such", "5", APPEND)) == (
        ErrorCode.INVALID_CONFIG,
        "Unknown config name: no.such",
    )


def test_another_node_is_refused(client: RawClient) -> None:
    assert alter(client, BROKER, "99", (LARGEST, "5")) == (
        ErrorCode.INVALID_REQUEST,
        "Unexpected broker id, expected 1, but received 99",
    )
    assert alter(client, BROKER, "one", (LARGEST, "5")) == (
        ErrorCode.INVALID_REQUEST,
        "Node id must be an integer, but it is: one",
    )


def test_keys_without_effect_are_kept_told_and_never_shown(
    client: RawClient, caplog: pytest.LogCaptureFixture
) -> None:
    assert alter(client, BROKER, "1", ("num.io.threads", "9"), ("my.plugin.secret", "x")) == OK
    found = described(client, BROKER, "1")
    for name in ("num.io.threads", "my.plugin.secret"):
        assert (found[name].value, found[name].is_sensitive) == (None, True)
        assert f"The config {name} was accepted and has no effect here" in caplog.text
    assert alter(client, BROKER, "1", ("my.plugin.secret", None, DELETE)) == OK
    assert "my.plugin.secret" not in described(client, BROKER, "1")


def test_partitions_obey_the_node_that_leads_them(
    start_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    broker = start_broker(settings={"pybroker.brokers": "2", "log.dirs": str(tmp_path)})
    first, second = broker.bootstrap_servers.split(",")
    with RawClient(first) as client, RawClient(second) as other:
        create_topic(client, "t", partitions=2)
        assert alter(other, BROKER, "2", (LARGEST, "200")) == OK
        assert values(client, TOPIC, "t", "max.message.bytes") == ("1048588",)
        assert values(other, TOPIC, "t", "max.message.bytes") == ("200",)
        assert values(client, BROKER, "1", LARGEST) == ("1048588",)
        topic = broker.topics.by_name["t"]
        for index, partition in enumerate(topic.partitions):
            data = ProduceRequest.PartitionProduceData(
                index=index, records=record_batch([START_MS], value=b"x" * 500)
            )
            sent = ProduceRequest.TopicProduceData(name="t", partition_data=[data])
            request = ProduceRequest(acks=-1, timeout_ms=30_000, topic_data=[sent])
            leader = client if partition.leader_id == 1 else other
            (answer,) = leader.ask(request, 9).responses[0].partition_responses
            refused = ErrorCode.NONE if leader is client else ErrorCode.MESSAGE_TOO_LARGE
            assert answer.error_code == refused


def test_brokers_configs_survive_a_restart_and_hold_before_logs_are_opened(
    restart_broker: Callable[[], Broker],
) -> None:
    with RawClient(restart_broker().bootstrap_servers) as client:
        create_topic(client, "t")
        assert alter(client, BROKER, "1", (LARGEST, "200")) == OK
        assert alter(client, BROKER, "", ("log.cleaner.backoff.ms", "14000")) == OK
    broker = restart_broker()
    with RawClient(broker.bootstrap_servers) as client:
        batch = record_batch([START_MS], value=b"x" * 500)
        assert append(client, "t", batch) == ErrorCode.MESSAGE_TOO_LARGE
        found = described(client, BROKER, "1")["log.cleaner.backoff.ms"]
        assert (found.value, found.config_source) == ("14000", DYNAMIC_DEFAULT)


def test_what_does_not_fit_the_start_any_more_is_left_out_and_told(
    start_broker: Callable[..., Broker], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Broker(data_dir=tmp_path)
    with broker, RawClient(broker.bootstrap_servers) as client:
        assert alter(client, BROKER, "1", ("log.cleaner.dedupe.buffer.size", "3000000")) == OK
    again = start_broker(data_dir=tmp_path, settings={"log.cleaner.threads": "3"})
    assert "does not fit those of its start" in caplog.text
    with RawClient(again.bootstrap_servers) as client:
        found = described(client, BROKER, "1")["log.cleaner.dedupe.buffer.size"]
        assert (found.value, found.config_source) == ("134217728", DEFAULT)


def test_the_cleaner_obeys_a_shorter_pause(
    held_client: RawClient, held_broker: Broker, clock: HeldClock
) -> None:
    create_topic(held_client, "t", configs=[("cleanup.policy", "compact")])
    clock.advance(held_broker, 1_000)
    assert held_broker.data_plane.cleaner_state().last_run_ms == 0
    assert alter(held_client, BROKER, "1", ("log.cleaner.backoff.ms", "2000")) == OK
    clock.advance(held_broker, 2_000)
    wait_until(lambda: held_broker.data_plane.cleaner_state().last_run_ms == START_MS + 3_000)


def test_who_waits_for_a_place_gets_one_when_more_connections_are_allowed(
    start_broker: Callable[..., Broker],
) -> None:
    broker = start_broker(settings={"max.connections": "1"})
    request = ListGroupsRequest()
    with (
        RawClient(broker.bootstrap_servers) as client,
        RawClient(broker.bootstrap_servers) as waits,
    ):
        assert client.ask(request, 5).groups == []
        correlation_id = waits.send(request, 5)
        assert alter(client, BROKER, "1", ("max.connections", "2")) == OK
        assert waits.receive(ListGroupsRequest, 5, correlation_id).groups == []


# Groups.


def heartbeat(client: RawClient, epoch: int) -> int:
    """Send a heartbeat, joining in epoch 0, and give the interval that the answer tells."""
    joining = {
        "rebalance_timeout_ms": 60_000,
        "subscribed_topic_names": ["t"],
        "topic_partitions": [],
    }
    request = ConsumerGroupHeartbeatRequest(
        group_id="g",
        member_id="m",
        member_epoch=epoch,
        **(joining if epoch == 0 else {}),  # type: ignore[arg-type]
    )
    answer = client.ask(request, 1)
    assert answer.error_code == ErrorCode.NONE, answer
    return int(answer.heartbeat_interval_ms)


def test_a_member_is_told_the_changed_interval_at_its_next_heartbeat(
    start_broker: Callable[..., Broker],
) -> None:
    # So short that nothing shorter is told to a member that has just joined.
    settings = {
        "group.consumer.min.heartbeat.interval.ms": "10",
        "group.consumer.heartbeat.interval.ms": "20",
    }
    with RawClient(start_broker(settings=settings).bootstrap_servers) as client:
        create_topic(client, "t")
        assert heartbeat(client, 0) == 20
        assert alter(client, GROUP, "g", (HEARTBEAT, "30")) == OK
        assert heartbeat(client, 2) == 30
        assert alter(client, GROUP, "g", (HEARTBEAT, None, DELETE)) == OK
        assert heartbeat(client, 2) == 20


def test_a_member_may_be_silent_for_as_long_as_its_group_says(
    held_client: RawClient, held_broker: Broker, clock: HeldClock
) -> None:
    create_topic(held_client, "t")
    assert alter(held_client, GROUP, "g", ("consumer.session.timeout.ms", "60000")) == OK
    heartbeat(held_client, 0)
    clock.advance(held_broker, 55_000)
    members = held_broker.groups._loaded.by_id["g"].members
    assert list(members) == ["m"]
    clock.advance(held_broker, 30_000)
    assert list(members) == []


def test_a_groups_config_is_kept_to_the_limits_of_the_next_start(tmp_path: Path) -> None:
    with (
        Broker(data_dir=tmp_path) as broker,
        RawClient(broker.bootstrap_servers) as client,
    ):
        assert alter(client, GROUP, "g", (HEARTBEAT, "14000")) == OK
    settings = {f"group.{HEARTBEAT.replace('heartbeat', 'max.heartbeat')}": "9000"}
    with (
        Broker(data_dir=tmp_path, settings=settings) as broker,
        RawClient(broker.bootstrap_servers) as client,
    ):
        assert client.ask(ListGroupsRequest(), 5).groups == []
        assert broker.groups.configs.consumer_heartbeat_interval_ms("g") == 9_000


def test_the_assignment_interval_of_all_groups_changes(client: RawClient, broker: Broker) -> None:
    assert client.ask(ListGroupsRequest(), 5).groups == []
    configs = broker.groups.configs
    assert configs.consumer_assignment_interval_ms("g") == 1_000
    assert alter(client, BROKER, "1", ("group.consumer.assignment.interval.ms", "2000")) == OK
    assert configs.consumer_assignment_interval_ms("g") == 2_000
    assert alter(client, GROUP, "g", ("consumer.assignment.interval.ms", "3000")) == OK
    assert configs.consumer_assignment_interval_ms("g") == 3_000
    assert configs.consumer_assignment_interval_ms("other") == 2_000


# Loggers and client metrics.


@pytest.fixture
def kept_levels() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("pybroker", "pybroker.broker")]
    before = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


@pytest.mark.usefixtures("kept_levels")
def test_levels_of_loggers_are_set_and_leave_those_of_the_program_alone(client: RawClient) -> None:
    programs = logging.root.level
    assert alter(client, BROKER_LOGGER, "1", ("root", "ERROR")) == OK
    assert values(client, BROKER_LOGGER, "1", "root", "pybroker.broker") == ("ERROR", "ERROR")
    assert alter(client, BROKER_LOGGER, "1", ("pybroker.broker", "TRACE")) == OK
    assert values(client, BROKER_LOGGER, "1", "root", "pybroker.broker") == ("ERROR", "TRACE")
    assert logging.getLogger("pybroker.broker").isEnabledFor(logging.DEBUG)
    assert alter(client, BROKER_LOGGER, "1", ("pybroker.broker", None, DELETE)) == OK
    assert values(client, BROKER_LOGGER, "1", "pybroker.broker") == ("ERROR",)
    assert alter(client, BROKER_LOGGER, "1", ("root", "INFO"), validate_only=True) == OK
    assert values(client, BROKER_LOGGER, "1", "root") == ("ERROR",)
    assert logging.root.level == programs


def test_levels_that_there_are_not_are_refused(client: RawClient) -> None:
    refused = {
        ("root", "LOUD", 0): ErrorCode.INVALID_CONFIG,
        ("kafka.server", "INFO", 0): ErrorCode.INVALID_CONFIG,
        ("root", None, DELETE): ErrorCode.INVALID_REQUEST,
        ("root", "INFO", APPEND): ErrorCode.INVALID_REQUEST,
    }
    for change, code in refused.items():
        assert alter(client, BROKER_LOGGER, "1", change)[0] == code
    assert alter(client, BROKER_LOGGER, "2", ("root", "INFO")) == (
        ErrorCode.INVALID_REQUEST,
        "Unexpected node id. Expected 1, but received 2",
    )


def test_subscriptions_of_client_metrics_are_kept(client: RawClient) -> None:
    name = "every-minute"
    match = "client_id=a.*,client_software_name=b"
    assert alter(client, CLIENT_METRICS, name, ("interval.ms", "60000"), ("match", match)) == OK
    assert values(client, CLIENT_METRICS, name, "interval.ms", "match") == ("60000", match)
    outcomes = alter_all(
        client,
        (CLIENT_METRICS, "a", [("interval.ms", "99")]),
        (CLIENT_METRICS, "b", [("interval.ms", "often")]),
        (CLIENT_METRICS, "c", [("match", "color=red")]),
        (CLIENT_METRICS, "d", [("match", "client_id=[")]),
        (CLIENT_METRICS, "e", [("no.such", "1")]),
        (CLIENT_METRICS, "f", [("metrics", "org.apache.", APPEND)]),
        (CLIENT_METRICS, "", [("interval.ms", "60000")]),
    )
    bad_request, bad_config = ErrorCode.INVALID_REQUEST, ErrorCode.INVALID_CONFIG
    assert [code for code, _ in outcomes] == [
        *(bad_request, bad_config, bad_config, bad_config, bad_request, bad_config, bad_request)
    ]
