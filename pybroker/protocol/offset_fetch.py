"""OffsetFetch (API key 9), versions 1-10."""

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
    """OffsetFetchRequest.

    Versions:
      * 2: topics may be None
      * 6: flexible
      * 7: require_stable
      * 8: without group_id, without topics, groups
      * 9: Group.member_id, Group.member_epoch
      * 10: without Topics.name, Topics.topic_id
    """

    group_id: GroupId = field(versions="0-7", default="")
    topics: list["OffsetFetchRequest.Topic"] | None = field(
        versions="0-7", nullable="2-7", default=EMPTY
    )
    groups: list["OffsetFetchRequest.Group"] = field(versions="8+", default=EMPTY)
    require_stable: Bool = field(versions="7+", default=False)

    class Topic(Struct):
        """Topic."""

        name: TopicName = ""
        partition_indexes: list[Int32] = EMPTY

    class Group(Struct):
        """Group."""

        group_id: GroupId = ""
        member_id: NullableString = field(versions="9+", ignorable=True, default=None)
        member_epoch: Int32 = field(versions="9+", ignorable=True, default=-1)
        topics: list["OffsetFetchRequest.Topics"] | None = EMPTY

    class Topics(Struct):
        """Topics."""

        name: TopicName = field(versions="8-9", ignorable=True, default="")
        topic_id: Uuid = field(versions="10+", ignorable=True, default=ZERO_UUID)
        partition_indexes: list[Int32] = EMPTY


class OffsetFetchResponse(Response, key=9, versions="1-10", flexible="6+"):
    """OffsetFetchResponse.

    Versions:
      * 2: error_code
      * 3: throttle_time_ms
      * 5: Partition.committed_leader_epoch
      * 6: flexible
      * 8: without topics, without error_code, groups
      * 10: without Topics.name, Topics.topic_id
    """

    throttle_time_ms: Int32 = field(versions="3+", ignorable=True, default=0)
    topics: list["OffsetFetchResponse.Topic"] = field(versions="0-7", default=EMPTY)
    error_code: Int16 = field(versions="2-7", ignorable=True, default=0)
    groups: list["OffsetFetchResponse.Group"] = field(versions="8+", default=EMPTY)

    class Topic(Struct):
        """Topic."""

        name: TopicName = ""
        partitions: list["OffsetFetchResponse.Partition"] = EMPTY

    class Partition(Struct):
        """Partition."""

        partition_index: Int32 = 0
        committed_offset: Int64 = 0
        committed_leader_epoch: Int32 = field(versions="5-7", ignorable=True, default=-1)
        metadata: NullableString = ""
        error_code: Int16 = 0

    class Group(Struct):
        """Group."""

        group_id: GroupId = ""
        topics: list["OffsetFetchResponse.Topics"] = EMPTY
        error_code: Int16 = 0

    class Topics(Struct):
        """Topics."""

        name: TopicName = field(versions="8-9", ignorable=True, default="")
        topic_id: Uuid = field(versions="10+", ignorable=True, default=ZERO_UUID)
        partitions: list["OffsetFetchResponse.Partitions"] = EMPTY

    class Partitions(Struct):
        """Partitions."""

        partition_index: Int32 = 0
        committed_offset: Int64 = 0
        committed_leader_epoch: Int32 = -1
        metadata: NullableString = ""
        error_code: Int16 = 0
