"""__consumer_offsets and __transaction_state as clients see them."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.protocol.delete_topics import DeleteTopicsRequest
from pybroker.protocol.describe_configs import DescribeConfigsRequest
from pybroker.protocol.fetch import FetchRequest
from pybroker.protocol.find_coordinator import FindCoordinatorRequest
from pybroker.protocol.list_offsets import ListOffsetsRequest
from pybroker.protocol.metadata import MetadataRequest
from pybroker.protocol.offset_for_leader_epoch import OffsetForLeaderEpochRequest
from pybroker.protocol.produce import ProduceRequest
from tests.support.raw_client import RawClient

GROUPS = "__consumer_offsets"
TRANSACTIONS = "__transaction_state"


def find(client, key_type=0, key="group"):
    request = FindCoordinatorRequest(key_type=key_type, coordinator_keys=[key])
    (found,) = client.ask(request, 6).coordinators
    assert found.error_code == ErrorCode.NONE
    return found


def described(client):
    """What Metadata says of all topics."""
    return {topic.name: topic for topic in client.ask(MetadataRequest(topics=None), 13).topics}


def fetch(client, topic_id, offset):
    partition = FetchRequest.FetchPartition(
        partition=49, fetch_offset=offset, partition_max_bytes=1_000_000
    )
    topic = FetchRequest.FetchTopic(topic_id=topic_id, partitions=[partition])
    request = FetchRequest(max_wait_ms=10, min_bytes=1, topics=[topic])
    ((answer,),) = [each.partitions for each in client.ask(request, 17).responses]
    return answer


@pytest.mark.parametrize(("key_type", "name"), [(0, GROUPS), (1, TRANSACTIONS)])
def test_the_first_question_for_a_coordinator_brings_its_topic(client, key_type, name):
    assert described(client) == {}
    find(client, key_type)
    (topic,) = described(client).values()
    assert (topic.name, topic.is_internal, len(topic.partitions)) == (name, True, 50)
    assert {(each.leader_id, each.error_code) for each in topic.partitions} == {(1, 0)}
    find(client, key_type, "another")
    assert described(client)[name].topic_id == topic.topic_id


def test_they_are_read_as_empty(client):
    find(client)
    topic = described(client)[GROUPS]
    answer = fetch(client, topic.topic_id, 0)
    assert (answer.error_code, answer.high_watermark, answer.log_start_offset) == (0, 0, 0)
    assert answer.records == b""
    assert fetch(client, topic.topic_id, 1).error_code == ErrorCode.OFFSET_OUT_OF_RANGE


@pytest.mark.parametrize(
    ("timestamp", "offset"), [(-1, 0), (-2, 0), (-3, -1), (-4, 0), (1_700_000_000_000, -1)]
)
def test_their_offsets_are_those_of_nothing(client, timestamp, offset):
    find(client)
    partition = ListOffsetsRequest.ListOffsetsPartition(partition_index=7, timestamp=timestamp)
    topic = ListOffsetsRequest.ListOffsetsTopic(name=GROUPS, partitions=[partition])
    ((answer,),) = [
        each.partitions for each in client.ask(ListOffsetsRequest(topics=[topic]), 9).topics
    ]
    assert (answer.error_code, answer.offset) == (ErrorCode.NONE, offset)


def test_their_leader_epoch_ends_where_it_began(client):
    find(client)
    partition = OffsetForLeaderEpochRequest.OffsetForLeaderPartition(partition=7, leader_epoch=0)
    topic = OffsetForLeaderEpochRequest.OffsetForLeaderTopic(topic=GROUPS, partitions=[partition])
    ((answer,),) = [
        each.partitions
        for each in client.ask(OffsetForLeaderEpochRequest(topics=[topic]), 4).topics
    ]
    assert (answer.error_code, answer.leader_epoch, answer.end_offset) == (ErrorCode.NONE, 0, 0)


@pytest.mark.parametrize("client_id", ["raw", "__admin_client"])
def test_nobody_produces_to_them(broker, client_id):
    with RawClient(broker.bootstrap_servers, client_id) as client:
        find(client)
        partition = ProduceRequest.PartitionProduceData(index=0, records=b"")
        topic = ProduceRequest.TopicProduceData(name=GROUPS, partition_data=[partition])
        request = ProduceRequest(acks=1, timeout_ms=1_000, topic_data=[topic])
        ((answer,),) = [each.partition_responses for each in client.ask(request, 12).responses]
        assert answer.error_code == ErrorCode.INVALID_TOPIC_EXCEPTION


def test_their_configs_say_that_they_are_compacted(client):
    find(client)
    resource = DescribeConfigsRequest.DescribeConfigsResource(resource_type=2, resource_name=GROUPS)
    (result,) = client.ask(DescribeConfigsRequest(resources=[resource]), 4).results
    values = {config.name: config.value for config in result.configs}
    assert values["cleanup.policy"] == "compact"
    assert values["segment.bytes"] == "104857600"


def test_a_client_may_bring_one_by_asking_for_its_metadata(client):
    request = MetadataRequest(
        topics=[MetadataRequest.Topic(name=GROUPS)], allow_auto_topic_creation=True
    )
    (topic,) = client.ask(request, 13).topics
    assert (topic.error_code, len(topic.partitions)) == (ErrorCode.NONE, 50)


def test_they_stay_over_a_restart_and_have_no_folders(restart_broker, tmp_path):
    with RawClient(restart_broker().bootstrap_servers) as client:
        find(client)
        topic_id = described(client)[GROUPS].topic_id
    with RawClient(restart_broker().bootstrap_servers) as client:
        assert described(client)[GROUPS].topic_id == topic_id
        assert fetch(client, topic_id, 0).error_code == ErrorCode.NONE
    assert list(tmp_path.glob("__*")) == []


def test_the_node_that_leads_a_partition_coordinates_its_groups(start_broker):
    broker = start_broker(settings={"pybroker.brokers": "3", "offsets.topic.num.partitions": "4"})
    with RawClient(broker.bootstrap_servers) as client:
        # The hash of a one-letter name is its code point.
        coordinators = {ord(key) % 4: find(client, key=key).node_id for key in "abcd"}
        partitions = described(client)[GROUPS].partitions
        assert {each.partition_index: each.leader_id for each in partitions} == coordinators
        assert {len(each.replica_nodes) for each in partitions} == {3}


def test_one_that_is_deleted_comes_back_with_the_next_question(client):
    find(client)
    topics = [DeleteTopicsRequest.DeleteTopicState(name=GROUPS)]
    (deleted,) = client.ask(DeleteTopicsRequest(topics=topics, timeout_ms=1_000), 6).responses
    assert deleted.error_code == ErrorCode.NONE
    assert described(client) == {}
    find(client)
    assert set(described(client)) == {GROUPS}
