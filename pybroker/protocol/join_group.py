"""JoinGroup (API key 11), versions 0-9: a member joins, or comes back to, a classic group."""

from pybroker.protocol.declare import (
    EMPTY,
    Bool,
    Bytes,
    GroupId,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    String,
    Struct,
    field,
)


class JoinGroupRequest(Request, key=11, versions="0-9", flexible="6+"):
    """Joins a group, or rejoins it for the next generation.

    Versions:
      * 1: rebalance_timeout_ms
      * 4: a first join is answered with MEMBER_ID_REQUIRED and the id to use (KIP-394)
      * 5: group_instance_id (static membership, KIP-345)
      * 6: flexible
      * 8: reason (KIP-800)
    """

    group_id: GroupId = ""
    # Without a heartbeat for so long, the member is taken out.
    session_timeout_ms: Int32 = 0
    # How long a rebalance waits for this member; -1 means `session_timeout_ms`.
    rebalance_timeout_ms: Int32 = field(versions="1+", ignorable=True, default=-1)
    # Empty on the first join.
    member_id: String = ""
    group_instance_id: NullableString = field(versions="5+", default=None)
    # "consumer" or "connect"; all members say the same.
    protocol_type: String = ""
    # In the order of preference.
    protocols: list["JoinGroupRequest.Protocol"] = EMPTY
    # Why the member joins, for the broker's log.
    reason: NullableString = field(versions="8+", ignorable=True, default=None)

    class Protocol(Struct):
        """An assignment strategy that the member supports."""

        name: String = ""
        # What the leader needs to know of the member, as the client wrote it.
        metadata: Bytes = b""


class JoinGroupResponse(Response, key=11, versions="0-9", flexible="6+"):
    """The generation that began, sent when all members have joined.

    The leader learns all members, computes the assignment and sends it by SyncGroup.

    Versions:
      * 2: throttle_time_ms
      * 5: Member.group_instance_id
      * 6: flexible
      * 7: protocol_type, protocol_name may be None, protocol_name may be None
      * 9: skip_assignment
    """

    throttle_time_ms: Int32 = field(versions="2+", ignorable=True, default=0)
    error_code: Int16 = 0
    generation_id: Int32 = -1
    protocol_type: NullableString = field(versions="7+", ignorable=True, default=None)
    # The strategy that all members support.
    protocol_name: NullableString = field(nullable="7+", default="")
    # The member that computes the assignment.
    leader: String = ""
    # The leader rejoined and keeps the assignment that stands (KIP-814).
    skip_assignment: Bool = field(versions="9+", default=False)
    member_id: String = ""
    # For the leader only.
    members: list["JoinGroupResponse.Member"] = EMPTY

    class Member(Struct):
        """A member, as its leader sees it."""

        member_id: String = ""
        group_instance_id: NullableString = field(versions="5+", ignorable=True, default=None)
        # Of the chosen protocol.
        metadata: Bytes = b""
