"""What consumers of a classic group tell each other through the coordinator.

These stand inside JoinGroup and SyncGroup as bytes: two bytes of version, then the message. The
coordinator carries them; it reads them only to tell what a group subscribes to.
"""

from typing import TypeVar

from pybroker.errors import ProtocolError
from pybroker.protocol.codec import decode, encode
from pybroker.protocol.declare import (
    EMPTY,
    Int32,
    Message,
    NullableBytes,
    NullableString,
    String,
    Struct,
    TopicName,
    field,
)

VERSION_BYTES = 2


class ConsumerProtocolSubscription(Message, versions="0-3"):
    """What a consumer tells the leader of its group: `JoinGroupRequest.Protocol.metadata`.

    Versions:
      * 1: owned_partitions (KIP-429)
      * 2: generation_id (KIP-792)
      * 3: rack_id (KIP-881)
    """

    topics: list[String] = EMPTY
    # The assignor's own; opaque to everybody else.
    user_data: NullableBytes = None
    owned_partitions: list["ConsumerProtocolSubscription.TopicPartition"] = field(
        versions="1+", ignorable=True, default=EMPTY
    )
    # In which `owned_partitions` were owned; -1 when unknown.
    generation_id: Int32 = field(versions="2+", ignorable=True, default=-1)
    rack_id: NullableString = field(versions="3+", ignorable=True, default=None)

    class TopicPartition(Struct):
        """Partitions of one topic that the consumer owns already."""

        topic: TopicName = ""
        partitions: list[Int32] = EMPTY


class ConsumerProtocolAssignment(Message, versions="0-3"):
    """What the leader assigns to a consumer: `SyncGroupRequest.Assignment.assignment`."""

    assigned_partitions: list["ConsumerProtocolAssignment.TopicPartition"] = EMPTY
    user_data: NullableBytes = None

    class TopicPartition(Struct):
        """Partitions of one topic."""

        topic: TopicName = ""
        partitions: list[Int32] = EMPTY


MessageT = TypeVar("MessageT", ConsumerProtocolSubscription, ConsumerProtocolAssignment)


def decode_versioned(message_class: type[MessageT], data: bytes) -> MessageT:
    """Read a message behind its version; ProtocolError when it is not one that we know."""
    version = int.from_bytes(data[:VERSION_BYTES], "big", signed=True)
    versions = message_class.VERSIONS
    if len(data) < VERSION_BYTES or not versions.first <= version <= versions.last:
        raise ProtocolError(f"{message_class.__name__}: no version {version}")
    return decode(message_class, version, data[VERSION_BYTES:])


def encode_versioned(message: MessageT, version: int) -> bytes:
    """Write a message behind its version."""
    return version.to_bytes(VERSION_BYTES, "big") + encode(message, version)
