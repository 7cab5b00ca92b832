"""What consumers of a classic group tell each other through the coordinator."""

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


class ConsumerProtocolSubscription(Message, versions="0-3"):
    """ConsumerProtocolSubscription.

    Versions:
      * 1: owned_partitions
      * 2: generation_id
      * 3: rack_id
    """

    topics: list[String] = EMPTY
    user_data: NullableBytes = None
    owned_partitions: list["ConsumerProtocolSubscription.TopicPartition"] = field(
        versions="1+", ignorable=True, default=EMPTY
    )
    generation_id: Int32 = field(versions="2+", ignorable=True, default=-1)
    rack_id: NullableString = field(versions="3+", ignorable=True, default=None)

    class TopicPartition(Struct):
        """TopicPartition."""

        topic: TopicName = ""
        partitions: list[Int32] = EMPTY


class ConsumerProtocolAssignment(Message, versions="0-3"):
    """ConsumerProtocolAssignment."""

    assigned_partitions: list["ConsumerProtocolAssignment.TopicPartition"] = EMPTY
    user_data: NullableBytes = None

    class TopicPartition(Struct):
        """TopicPartition."""

        topic: TopicName = ""
        partitions: list[Int32] = EMPTY
