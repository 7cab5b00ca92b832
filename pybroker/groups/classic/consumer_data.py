"""The bytes that consumers of a classic group exchange, as far as the broker reads and writes them.

`protocol/consumer_protocol.py` has the messages. As in Kafka a version that is newer than all that
are known is read as the newest known one: it adds fields at the end.
"""

from typing import TYPE_CHECKING

from pybroker.errors import ProtocolError
from pybroker.protocol.codec import codec
from pybroker.protocol.consumer_protocol import (
    VERSION_BYTES,
    ConsumerProtocolAssignment,
    ConsumerProtocolSubscription,
    encode_versioned,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pybroker.metadata.topics import Topics


def read_subscription(metadata: bytes) -> ConsumerProtocolSubscription:
    """Read what a member said in JoinGroup. Raises ProtocolError."""
    version = min(_version(metadata), ConsumerProtocolSubscription.VERSIONS.last)
    read: ConsumerProtocolSubscription = codec(ConsumerProtocolSubscription, version).decode_prefix(
        metadata[VERSION_BYTES:]
    )
    return read


def read_assignment(data: bytes) -> ConsumerProtocolAssignment:
    """Read what a leader gave to a member; no bytes are no partitions. Raises ProtocolError."""
    if not data:
        return ConsumerProtocolAssignment()
    version = min(_version(data), ConsumerProtocolAssignment.VERSIONS.last)
    read: ConsumerProtocolAssignment = codec(ConsumerProtocolAssignment, version).decode_prefix(
        data[VERSION_BYTES:]
    )
    return read


def write_assignment(
    partitions: "Mapping[bytes, Iterable[int]]", topics: "Topics", metadata: bytes
) -> bytes:
    """Write an assignment for a member, in the version of its subscription.

    Topics are named by id in `partitions`; those that are gone are left out.
    """
    version = min(_version(metadata), ConsumerProtocolAssignment.VERSIONS.last)
    assigned = [
        ConsumerProtocolAssignment.TopicPartition(
            topic=topics.by_id[topic_id].name, partitions=sorted(indexes)
        )
        for topic_id, indexes in partitions.items()
        if topic_id in topics.by_id
    ]
    return encode_versioned(ConsumerProtocolAssignment(assigned_partitions=assigned), version)


def _version(data: bytes) -> int:
    version = int.from_bytes(data[:VERSION_BYTES], "big", signed=True)
    if len(data) < VERSION_BYTES or version < 0:
        raise ProtocolError("what consumers tell each other begins with its version")
    return version
