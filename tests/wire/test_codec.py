"""What the codec does with the values of a message, and what it refuses to write."""

from typing import Any

import pytest

from pybroker.errors import ErrorCode, ProtocolError
from pybroker.protocol.alter_client_quotas import AlterClientQuotasRequest
from pybroker.protocol.codec import codec, decode, encode
from pybroker.protocol.consumer_protocol import (
    ConsumerProtocolSubscription,
    decode_versioned,
    encode_versioned,
)
from pybroker.protocol.create_topics import CreateTopicsRequest
from pybroker.protocol.declare import Message
from pybroker.protocol.delete_topics import DeleteTopicsRequest
from pybroker.protocol.describe_topic_partitions import DescribeTopicPartitionsRequest
from pybroker.protocol.fetch import FetchRequest
from pybroker.protocol.find_coordinator import FindCoordinatorRequest
from pybroker.protocol.headers import RequestHeader
from pybroker.protocol.heartbeat import HeartbeatRequest, HeartbeatResponse
from pybroker.protocol.metadata import MetadataRequest, MetadataResponse

LONG = "x" * 0x8000


def test_a_codec_is_compiled_once() -> None:
    assert codec(HeartbeatRequest, 3) is codec(HeartbeatRequest, 3)
    assert codec(HeartbeatRequest, 3) is not codec(HeartbeatRequest, 4)


@pytest.mark.parametrize("version", [-1, 5])
def test_a_version_that_is_not_declared_is_refused(version: int) -> None:
    with pytest.raises(ValueError, match=f"HeartbeatRequest has no version {version}"):
        encode(HeartbeatRequest(), version)


def test_an_error_code_is_written_as_its_number() -> None:
    assert encode(HeartbeatResponse(error_code=ErrorCode.NOT_COORDINATOR), 0) == b"\0\x10"


def test_fields_that_a_version_lacks_have_their_defaults_when_read() -> None:
    request = decode(HeartbeatRequest, 0, b"\0\x01g\0\0\0\x07\0\x01m")
    assert request == HeartbeatRequest(group_id="g", generation_id=7, member_id="m")
    fetch = decode(FetchRequest, 4, bytes(21))
    assert fetch.replica_state == FetchRequest.ReplicaState()
    assert fetch.forgotten_topics_data == []


def test_a_value_that_an_older_version_lacks_is_refused_by_name() -> None:
    request = HeartbeatRequest(group_instance_id="static")
    message = r"HeartbeatRequest\.group_instance_id: version 2 has no such field"
    with pytest.raises(ValueError, match=message):
        encode(request, 2)
    request = FindCoordinatorRequest(coordinator_keys=["a", "b"])
    with pytest.raises(ValueError, match="coordinator_keys: version 3"):
        encode(request, 3)


def test_an_ignorable_value_that_an_older_version_lacks_is_dropped() -> None:
    assert encode(HeartbeatResponse(throttle_time_ms=5), 0) == b"\0\0"
    partition = MetadataResponse.Partition(leader_epoch=9, offline_replicas=[1])
    topic = MetadataResponse.Topic(partitions=[partition])
    older = decode(MetadataResponse, 4, encode(MetadataResponse(topics=[topic]), 4))
    assert older.topics[0].partitions[0] == MetadataResponse.Partition()


def test_a_list_may_be_given_as_a_tuple() -> None:
    topics = (MetadataRequest.Topic(name="t"),)
    as_tuple, as_list = MetadataRequest(), MetadataRequest(topics=list(topics))
    as_tuple.topics = topics  # type: ignore[assignment]  # a handler's convenience
    assert encode(as_tuple, 1) == encode(as_list, 1)


@pytest.mark.parametrize(
    ("message", "version", "why"),
    [
        (HeartbeatRequest(generation_id=1 << 31), 3, "generation_id: an integer out of range"),
        (HeartbeatRequest(generation_id=1 << 70), 3, "generation_id: not an integer of 64 bits"),
        (HeartbeatRequest(generation_id="7"), 3, "generation_id: not an integer"),  # type: ignore[arg-type]
        (HeartbeatRequest(group_id=None), 3, "group_id: None where"),  # type: ignore[arg-type]
        (HeartbeatRequest(group_id=b"g"), 3, "group_id: not a string"),  # type: ignore[arg-type]
        (HeartbeatRequest(group_id=LONG), 3, "group_id: too long"),
        (HeartbeatRequest(group_id="\ud800"), 3, "group_id: has no UTF-8 form"),
        (MetadataRequest(topics=None), 0, "MetadataRequest.topics: None where"),
        (MetadataRequest(topics=["t"]), 1, "topics: not of the declared class"),  # type: ignore[list-item]
        (MetadataRequest(topics=7), 1, "topics: not a list"),  # type: ignore[arg-type]
        (DeleteTopicsRequest(topics=[DeleteTopicsRequest.DeleteTopicState(topic_id=b"")]), 6,
         "DeleteTopicState.topic_id: not 16 bytes"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused_by_name(
    message: Message, version: int, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        encode(message, version)


def test_a_number_that_is_not_one_is_refused_by_name() -> None:
    operation = AlterClientQuotasRequest.OpData(value="fast")  # type: ignore[arg-type]
    entry = AlterClientQuotasRequest.EntryData(ops=[operation])
    with pytest.raises(ValueError, match=r"OpData\.value: not a number"):
        encode(AlterClientQuotasRequest(entries=[entry]), 1)


def test_a_long_string_fits_a_flexible_version() -> None:
    request = HeartbeatRequest(group_id=LONG)
    assert decode(HeartbeatRequest, 4, encode(request, 4)) == request


def test_another_message_is_refused() -> None:
    with pytest.raises(ValueError, match="HeartbeatRequest: not a HeartbeatResponse"):
        codec(HeartbeatRequest, 3).encode(HeartbeatResponse())


def test_a_nullable_struct_is_none_or_there() -> None:
    for cursor in (None, DescribeTopicPartitionsRequest.Cursor(topic_name="t", partition_index=3)):
        request = DescribeTopicPartitionsRequest(cursor=cursor)
        assert decode(DescribeTopicPartitionsRequest, 0, encode(request, 0)) == request


def test_the_client_id_of_a_header_is_never_compact() -> None:
    header = RequestHeader(request_api_key=3, correlation_id=1, client_id="me")
    assert encode(header, 2) == b"\0\x03\0\0\0\0\0\x01\0\x02me\0"


def test_a_message_reads_well() -> None:
    request = CreateTopicsRequest(topics=[CreateTopicsRequest.CreatableTopic(name="t")])
    assert repr(request) == (
        "CreateTopicsRequest(topics=[CreateTopicsRequest.CreatableTopic(name='t', "
        "num_partitions=0, replication_factor=0, assignments=[], configs=[])], "
        "timeout_ms=60000, validate_only=False)"
    )


def test_lists_of_two_messages_are_not_shared() -> None:
    first, second = MetadataResponse(), MetadataResponse()
    assert first.topics is not None
    first.brokers.append(MetadataResponse.Broker())
    assert second.brokers == []


@pytest.mark.parametrize("arguments", [{"unknown": 1}, {"group_id": "g", "grouo_id": "g"}])
def test_an_unknown_argument_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"HeartbeatRequest.__init__\(\) got an unexpected"):
        HeartbeatRequest(**arguments)


def test_a_subscription_stands_behind_its_version() -> None:
    subscription = ConsumerProtocolSubscription(topics=["t"], generation_id=3)
    data = encode_versioned(subscription, 2)
    assert data[:2] == b"\0\2"
    assert decode_versioned(ConsumerProtocolSubscription, data) == subscription
    for wrong in (b"", b"\0", b"\xff\xff" + data[2:], b"\0\x09" + data[2:]):
        with pytest.raises(ProtocolError, match="ConsumerProtocolSubscription: no version"):
            decode_versioned(ConsumerProtocolSubscription, wrong)
