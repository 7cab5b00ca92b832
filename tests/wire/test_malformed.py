"""Bytes that are not a message raise ProtocolError, and cost no more than they are long."""

import random
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pybroker.errors import ProtocolError
from pybroker.protocol.codec import decode, encode
from pybroker.protocol.declare import Message
from pybroker.protocol.describe_groups import DescribeGroupsRequest
from pybroker.protocol.describe_topic_partitions import DescribeTopicPartitionsRequest
from pybroker.protocol.heartbeat import HeartbeatRequest
from pybroker.protocol.metadata import MetadataRequest, MetadataResponse
from pybroker.protocol.offset_fetch import OffsetFetchRequest
from tests.wire.messages import MESSAGES, name_of, versions_of
from tests.wire.test_message_vectors import BY_MESSAGE

FLIPS_PER_BODY = 48
# Lengths that are too large, negative, or varints that never end.
HOSTILE = [
    b"\x7f\xff\xff\xff",
    b"\x80\x00\x00\x00",
    b"\xff\xff\xff\xfe",
    b"\x7f\xff",
    b"\x80\x00",
    b"\xff\xff\xff\xff\x07",
    b"\xff\xff\xff\xff\xff\xff",
]
# What Python needs for the smallest objects that a byte can stand for, and for one message.
BYTES_PER_BYTE = 48
BYTES_PER_MESSAGE = 4096
MEASUREMENTS = 5
TINY_ELEMENTS = 100_000
TINY_TOPIC = DescribeTopicPartitionsRequest.TopicRequest()


def bodies(cls: type[Message]) -> Iterator[tuple[int, bytes]]:
    for vector in BY_MESSAGE[cls.__name__]:
        yield vector["version"], bytes.fromhex(vector["hex"])


def read_or_refuse(cls: type[Message], version: int, body: bytes) -> None:
    """Whatever is read can be written; whatever cannot be read is a ProtocolError."""
    try:
        message = decode(cls, version, body)
    except ProtocolError:
        return
    encode(message, version)


@pytest.mark.parametrize("cls", MESSAGES.values(), ids=name_of)
def test_a_message_cut_off_anywhere_is_refused(cls: type[Message]) -> None:
    for version, body in bodies(cls):
        for length in range(len(body)):
            with pytest.raises(ProtocolError):
                decode(cls, version, body[:length])


@pytest.mark.parametrize("cls", MESSAGES.values(), ids=name_of)
def test_bytes_behind_a_message_are_refused(cls: type[Message]) -> None:
    for version, body in bodies(cls):
        with pytest.raises(ProtocolError, match="1 bytes follow"):
            decode(cls, version, body + b"\0")


@pytest.mark.parametrize("cls", MESSAGES.values(), ids=name_of)
def test_flipped_bits_are_read_or_refused(cls: type[Message]) -> None:
    chance = random.Random(cls.__name__)
    for version, body in bodies(cls):
        for _ in range(FLIPS_PER_BODY if body else 0):
            flipped = bytearray(body)
            flipped[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
            read_or_refuse(cls, version, bytes(flipped))


@pytest.mark.parametrize("cls", MESSAGES.values(), ids=name_of)
def test_hostile_lengths_anywhere_cost_little(cls: type[Message]) -> None:
    version, body = list(bodies(cls))[-1]
    for hostile in HOSTILE:
        for position in range(len(body)):
            forged = body[:position] + hostile + body[position + len(hostile) :]
            assert peak_bytes(cls, version, forged) <= limit_bytes(forged)


@settings(max_examples=1000, deadline=None, database=None)
@given(data=st.data())
def test_garbage_is_read_or_refused(data: st.DataObject) -> None:
    cls = data.draw(st.sampled_from(list(MESSAGES.values())))
    version = data.draw(st.sampled_from(versions_of(cls)))
    read_or_refuse(cls, version, data.draw(st.binary(max_size=200)))


@pytest.mark.parametrize(
    ("message", "version"),
    [
        (DescribeGroupsRequest(groups=[""] * TINY_ELEMENTS), 5),
        (DescribeTopicPartitionsRequest(topics=[TINY_TOPIC] * TINY_ELEMENTS), 0),
        (OffsetFetchRequest(groups=[OffsetFetchRequest.Group()] * TINY_ELEMENTS), 8),
        (MetadataResponse(brokers=[MetadataResponse.Broker()] * TINY_ELEMENTS), 1),
    ],
    ids=["strings", "structs", "structs with lists", "structs of another size"],
)
def test_many_tiny_elements_cost_what_their_objects_need(message: Message, version: int) -> None:
    body = encode(message, version)
    assert peak_bytes(type(message), version, body) <= limit_bytes(body)


def test_more_elements_than_any_request_needs_are_refused() -> None:
    body = encode(DescribeGroupsRequest(groups=[""] * (1 << 20)), 5)
    assert len(decode(DescribeGroupsRequest, 5, body).groups) == 1 << 20
    body = encode(DescribeGroupsRequest(groups=[""] * ((1 << 20) + 1)), 5)
    with pytest.raises(ProtocolError, match="groups v5: more than 1048576 elements"):
        decode(DescribeGroupsRequest, 5, body)


def limit_bytes(body: bytes) -> int:
    return BYTES_PER_BYTE * len(body) + BYTES_PER_MESSAGE


def peak_bytes(cls: type[Message], version: int, body: bytes) -> int:
    """How much memory reading takes at its peak.

    Other threads of the process may allocate meanwhile, so what is too much is measured again.
    """
    compile_everything(cls, version)
    peaks = []
    for _ in range(MEASUREMENTS):
        peaks.append(measured_peak_bytes(cls, version, body))
        if peaks[-1] <= limit_bytes(body):
            break
    return min(peaks)


def measured_peak_bytes(cls: type[Message], version: int, body: bytes) -> int:
    tracemalloc.start()
    try:
        read_or_refuse(cls, version, body)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def compile_everything(cls: type[Message], version: int) -> None:
    """Read real messages, so that codec and constructors are there before memory is counted."""
    for other_version, body in bodies(cls):
        if other_version == version:
            decode(cls, version, body)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "HeartbeatRequest.group_id v3: 2 bytes are needed and 0 are left"),
        (b"\xff\xff", "group_id v3: a field is null that cannot be"),
        (b"\xff\xfe", "group_id v3: a length is -2"),
        (b"\0\x02\xc3\x28", "group_id v3: a string is not UTF-8"),
        (b"\0\x05ab", "group_id v3: 5 bytes are needed and 2 are left"),
        (b"\0\0\0\0", "generation_id v3: 4 bytes are needed and 2 are left"),
    ],
)
def test_the_error_names_the_field_and_the_version(body: bytes, why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        decode(HeartbeatRequest, 3, body)


def test_an_array_longer_than_the_bytes_that_are_left_is_refused() -> None:
    with pytest.raises(ProtocolError, match="claims 1000 elements and 5 bytes are left"):
        decode(MetadataRequest, 1, b"\0\0\x03\xe8" + bytes(5))


def test_a_tagged_field_must_fill_its_size() -> None:
    # ApiVersionsResponse v3, tag 1 (finalized_features_epoch) in nine bytes.
    cls = MESSAGES["ApiVersionsResponse"]
    fitting = b"\0\0\x01\0\0\0\0\x01\x01\x08" + bytes(8)
    assert decode(cls, 3, fitting).finalized_features_epoch == 0
    with pytest.raises(ProtocolError, match="tagged field 1"):
        decode(cls, 3, b"\0\0\x01\0\0\0\0\x01\x01\x09" + bytes(9))


def test_unknown_tagged_fields_are_skipped() -> None:
    message = HeartbeatRequest(group_id="group", member_id="member")
    body = encode(message, 4)
    assert body[-1] == 0
    extended = body[:-1] + b"\x02" + b"\x05\x03abc" + b"\xff\x01\x00"
    assert decode(HeartbeatRequest, 4, extended) == message
