"""DeleteTopics (API key 20), versions 1-6: deletes topics."""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
    Int16,
    Int32,
    NullableString,
    NullableTopicName,
    Request,
    Response,
    Struct,
    TopicName,
    Uuid,
    field,
)


class DeleteTopicsRequest(Request, key=20, versions="1-6", flexible="4+"):
    """Deletes topics, by name or by id.

    Versions:
      * 4: flexible
      * 5: the answer has messages (KIP-599)
      * 6: topics, without topic_names (KIP-516)
    """

    topics: list["DeleteTopicsRequest.DeleteTopicState"] = field(versions="6+", default=EMPTY)
    topic_names: list[TopicName] = field(versions="0-5", ignorable=True, default=EMPTY)
    timeout_ms: Int32 = 0

    class DeleteTopicState(Struct):
        """One topic, by name or by id."""

        # None to name it by id.
        name: NullableTopicName = None
        topic_id: Uuid = ZERO_UUID


class DeleteTopicsResponse(Response, key=20, versions="1-6", flexible="4+"):
    """The outcome for each topic.

    Versions:
      * 4: flexible
      * 5: DeletableTopicResult.error_message
      * 6: DeletableTopicResult.name may be None, DeletableTopicResult.topic_id
    """

    throttle_time_ms: Int32 = 0
    responses: list["DeleteTopicsResponse.DeletableTopicResult"] = EMPTY

    class DeletableTopicResult(Struct):
        """The outcome for one topic."""

        # None when the id is unknown.
        name: NullableTopicName = field(nullable="6+", default="")
        topic_id: Uuid = field(versions="6+", ignorable=True, default=ZERO_UUID)
        error_code: Int16 = 0
        error_message: NullableString = field(versions="5+", ignorable=True, default=None)
