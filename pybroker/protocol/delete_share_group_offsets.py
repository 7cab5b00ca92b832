"""DeleteShareGroupOffsets (API key 92), version 0.

A share group forgets topics; it must be empty.
"""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
    GroupId,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    Struct,
    TopicName,
    Uuid,
)


class DeleteShareGroupOffsetsRequest(Request, key=92, versions="0", flexible="0+"):
    """Deletes the offsets of a group in topics."""

    group_id: GroupId = ""
    topics: list["DeleteShareGroupOffsetsRequest.Topic"] = EMPTY

    class Topic(Struct):
        """One topic."""

        topic_name: TopicName = ""


class DeleteShareGroupOffsetsResponse(Response, key=92, versions="0", flexible="0+"):
    """The outcome for each topic."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    responses: list["DeleteShareGroupOffsetsResponse.Topic"] = EMPTY

    class Topic(Struct):
        """The outcome for one topic."""

        topic_name: TopicName = ""
        topic_id: Uuid = ZERO_UUID
        error_code: Int16 = 0
        error_message: NullableString = None
