"""OffsetFetch (API key 9), versions 1-10: the stored positions of groups."""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
    Bool,
    GroupId,
    Int16,
    Int32,
    Int64,
    NullableString,
    Request,
    Response,
    Struct,
    TopicName,
    Uuid,
    field,
)


class OffsetFetchRequest(Request, key=9, versions="1-10", flexible="6+"):
    """Asks for the positions that groups have stored.

    Versions:
      * 2: topics may be None
      * 6: flexible
      * 7: require_stable
      * 8: groups, without group_id and topics (KIP-709)
      * 9: Group.member_id, Group.member_epoch
      * 10: Topics.topic_id, without Topics.name (KIP-848)
    """

    group_id: GroupId = field(versions="0-7", default="")
    # None for all topics that have positions.
    topics: list["OffsetFetchRequest.Topic"] | None = field(
        versions="0-7", nullable="2-7", default=EMPTY
    )
    # Several groups in one request.
    groups: list["OffsetFetchRequest.Group"] = field(versions="8+", default=EMPTY)
    # Answer UNSTABLE_OFFSET_COMMIT while a transaction has positions pending.
    require_stable: Bool = field(versions="7+", default=False)

    class Topic(Struct):
        """Partitions of one topic, of the one group."""

        name: TopicName = ""
        partition_indexes: list[Int32] = EMPTY

    class Group(Struct):
        """What is asked of one group."""

        group_id: GroupId = ""
        member_id: NullableString = field(versions="9+", ignorable=True, default=None)
        # -1 for a classic group or an admin client.
        member_epoch: Int32 = field(versions="9+", ignorable=True, default=-1)
        # None for all topics that have positions.
        topics: list["OffsetFetchRequest.Topics"] | None = EMPTY

    class Topics(Struct):
        """Partitions of one topic, of a group of several."""

        name: TopicName = field(versions="8-9", ignorable=True, default="")
        topic_id: Uuid = field(versions="10+", ignorable=True, default=ZERO_UUID)
        partition_indexes: list[Int32] = EMPTY


class OffsetFetchResponse(Response, key=9, versions="1-10", flexible="6+"):
    """The stored positions; -1 where there is none, which is no error.

    Versions:
      * 2: error_code
      * 3: throttle_time_ms
      * 5: Partition.committed_leader_epoch
      * 6: flexible
      * 8: groups, without topics and error_code (KIP-709)
      * 10: Topics.topic_id, without Topics.name (KIP-848)
    """

    throttle_time_ms: Int32 = field(versions="3+", ignorable=True, default=0)
    topics: list["OffsetFetchResponse.Topic"] = field(versions="0-7", default=EMPTY)
    # Of the group as a whole.
    error_code: Int16 = field(versions="2-7", ignorable=True, default=0)
    groups: list["OffsetFetchResponse.Group"] = field(versions="8+", default=EMPTY)

    class Topic(Struct):
        """Positions in one topic, of the one group."""

        name: TopicName = ""
        partitions: list["OffsetFetchResponse.Partition"] = EMPTY

    class Partition(Struct):
        """A position, of the one group."""

        partition_index: Int32 = 0
        committed_offset: Int64 = 0
        committed_leader_epoch: Int32 = field(versions="5-7", ignorable=True, default=-1)
        metadata: NullableString = ""
        error_code: Int16 = 0

    class Group(Struct):
        """The positions of one group."""

        group_id: GroupId = ""
        topics: list["OffsetFetchResponse.Topics"] = EMPTY
        error_code: Int16 = 0

    class Topics(Struct):
        """Positions in one topic, of a group of several."""

        name: TopicName = field(versions="8-9", ignorable=True, default="")
        topic_id: Uuid = field(versions="10+", ignorable=True, default=ZERO_UUID)
        partitions: list["OffsetFetchResponse.Partitions"] = EMPTY

    class Partitions(Struct):
        """A position, of a group of several."""

        partition_index: Int32 = 0
        committed_offset: Int64 = 0
        committed_leader_epoch: Int32 = -1
        metadata: NullableString = ""
        error_code: Int16 = 0
