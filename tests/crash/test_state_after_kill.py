"""kill -9 and what is not a record: indexes, producer ids, topics, idempotence."""

import shutil

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.create_partitions import CreatePartitionsRequest
from pybroker.protocol.delete_topics import DeleteTopicsRequest
from pybroker.protocol.init_producer_id import InitProducerIdRequest
from pybroker.protocol.metadata import MetadataRequest
from pybroker.protocol.produce import ProduceRequest
from tests.crash.conftest import CrashingBroker
from tests.support.clients import library_class
from tests.support.clients.library import Message
from tests.support.clients.reading import read_through
from tests.support.raw_client import RawClient, create_topic
from tests.support.record_batches import record_batch

START_MS = 1_700_000_000_000
STEP_MS = 1_000
RECORDS = 3_000


@pytest.mark.parametrize("is_clean", [False, True], ids=["kill", "clean"])
def test_missing_indexes_are_built_anew(process: CrashingBroker, *, is_clean: bool) -> None:
    with library_class("aiokafka")(process.bootstrap_servers) as library:
        library.admin().create_topic("clock", 1, configs={"index.interval.bytes": "100"})
        messages = [
            Message(b"%d" % number, timestamp_ms=START_MS + number * STEP_MS)
            for number in range(RECORDS)
        ]
        library.producer().send_all("clock", messages)
    process.stop()
    for suffix in (".index", ".timeindex", ".snapshot"):
        (file,) = process.partition_files("clock", 0, suffix)
        file.unlink()
    process.start()
    if not is_clean:
        process.kill_and_start()
    with library_class("aiokafka")(process.bootstrap_servers) as library:
        reader = library.reader("clock")
        for number in (0, 1, 1_234, RECORDS - 1):
            assert reader.offset_for_time(("clock", 0), START_MS + number * STEP_MS) == number
        found = read_through(reader, "clock", [0])[0]
        assert [record.value for record in found] == [b"%d" % each for each in range(RECORDS)]
    process.stop()
    for suffix in (".index", ".timeindex"):
        (file,) = process.partition_files("clock", 0, suffix)
        assert file.stat().st_size > 0


def test_producer_ids_are_never_given_twice(process: CrashingBroker) -> None:
    given: list[int] = []
    for _ in range(5):
        with process.client() as client:
            # More than a block of them, so that blocks end before and after a crash.
            given += [new_producer_id(client) for _ in range(1_100)]
        process.kill_and_start()
    assert len(set(given)) == len(given)


def test_topics_are_as_the_last_answer_said(process: CrashingBroker) -> None:
    with process.client() as client:
        kept = create_topic(client, "kept", 2, [("retention.ms", "1234567")])
        create_topic(client, "deleted", 3)
        create_topic(client, "again", 1)
        client.ask(delete_topics("deleted", "again"), 5)
        again = create_topic(client, "again", 4)
        grown = CreatePartitionsRequest.CreatePartitionsTopic(
            name="kept", count=5, assignments=None
        )
        answer = client.ask(CreatePartitionsRequest(topics=[grown], timeout_ms=30_000), 3)
        assert answer.results[0].error_code == ErrorCode.NONE
    process.kill_and_start()
    with process.client() as client:
        topics = client.ask(MetadataRequest(topics=None), 12).topics
    found = {topic.name: (topic.topic_id, len(topic.partitions)) for topic in topics}
    assert found == {"kept": (kept, 5), "again": (again, 4)}
    folders = {each.name for each in (process.data_dir / "data").iterdir() if each.is_dir()}
    assert folders == {f"kept-{n}" for n in range(5)} | {f"again-{n}" for n in range(4)}
    with library_class("aiokafka")(process.bootstrap_servers) as library:
        assert library.admin().topic_config("kept")["retention.ms"] == "1234567"


def test_a_folder_of_a_topic_that_was_deleted_is_not_in_the_way_of_another(
    process: CrashingBroker,
) -> None:
    folder = process.data_dir / "data" / "again-0"
    copy = process.data_dir / "copy"
    with process.client() as client:
        create_topic(client, "again")
        produce(client, new_producer_id(client), 0, "again")
        shutil.copytree(folder, copy)
        client.ask(delete_topics("again"), 5)
    process.kill()
    # As if the kill had come between the decision and the deletion of the files.
    copy.rename(folder)
    process.start()
    with process.client() as client:
        create_topic(client, "again")
        assert produce(client, new_producer_id(client), 0, "again") == (ErrorCode.NONE, 0)
    process.kill_and_start()
    with process.client() as client:
        assert produce(client, new_producer_id(client), 0, "again") == (ErrorCode.NONE, 1)


@pytest.mark.parametrize("is_clean", [False, True], ids=["kill", "clean"])
def test_a_producer_goes_on_with_its_sequence_and_repeats_are_known(
    process: CrashingBroker, *, is_clean: bool
) -> None:
    with process.client() as client:
        create_topic(client, "orders")
        producer_id = new_producer_id(client)
        for sequence in range(10):
            assert produce(client, producer_id, sequence) == (ErrorCode.NONE, sequence)
    if is_clean:
        process.stop()
    else:
        process.kill()
    process.start()
    with process.client() as client:
        # The answers were lost, so the client asks again. A clean end keeps the producer's last
        # batch, as Kafka's snapshots do; what is read from the log itself gives the last five.
        for sequence in range(9 if is_clean else 5, 10):
            assert produce(client, producer_id, sequence) == (ErrorCode.NONE, sequence)
        gap = ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
        assert produce(client, producer_id, 11) == (gap, -1)
        assert produce(client, producer_id, 10) == (ErrorCode.NONE, 10)


def new_producer_id(client: RawClient) -> int:
    request = InitProducerIdRequest(transactional_id=None, transaction_timeout_ms=60_000)
    answer = client.ask(request, 4)
    assert answer.error_code == ErrorCode.NONE
    return int(answer.producer_id)


def delete_topics(*names: str) -> DeleteTopicsRequest:
    return DeleteTopicsRequest(topic_names=list(names), timeout_ms=30_000)


def produce(
    client: RawClient, producer_id: int, sequence: int, topic: str = "orders"
) -> tuple[int, int]:
    """Produce one record; give the error and its offset."""
    batch = record_batch(
        [START_MS], producer_id=producer_id, producer_epoch=0, base_sequence=sequence
    )
    data = ProduceRequest.PartitionProduceData(index=0, records=batch)
    topic_data = ProduceRequest.TopicProduceData(name=topic, partition_data=[data])
    request = ProduceRequest(acks=-1, timeout_ms=30_000, topic_data=[topic_data])
    (answered,) = client.ask(request, 9).responses[0].partition_responses
    return answered.error_code, answered.base_offset
