"""Whether a ConsumerGroupHeartbeat makes sense by itself, before any group is looked at.

The order of the checks and the words are Kafka's: clients show the words to people.
"""

from typing import TYPE_CHECKING, Final

from pybroker.errors import ErrorCode, KafkaError
from pybroker.groups.consumer.member import JOIN_EPOCH, LEAVE_EPOCH, LEAVE_STATIC_EPOCH

if TYPE_CHECKING:
    from pybroker.groups.configs import GroupConfigs
    from pybroker.protocol.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest

# KIP-1082: from this version on members make their own ids.
MEMBER_MAKES_ID_VERSION: Final = 1


def validate(
    request: "ConsumerGroupHeartbeatRequest", api_version: int, configs: "GroupConfigs"
) -> None:
    """Raise what is wrong with a request."""
    epoch = request.member_epoch
    if api_version >= MEMBER_MAKES_ID_VERSION or epoch > JOIN_EPOCH or epoch == LEAVE_EPOCH:
        _refuse_empty(request.member_id, "MemberId")
    _refuse_empty(request.group_id, "GroupId")
    _refuse_empty(request.instance_id, "InstanceId")
    _refuse_empty(request.rack_id, "RackId")
    if epoch == JOIN_EPOCH:
        _validate_join(request)
    elif epoch == LEAVE_STATIC_EPOCH:
        if request.instance_id is None:
            raise KafkaError(ErrorCode.INVALID_REQUEST, "InstanceId can't be null.")
    elif epoch < LEAVE_STATIC_EPOCH:
        raise KafkaError(ErrorCode.INVALID_REQUEST, "MemberEpoch is invalid.")
    assignor = request.server_assignor
    if assignor is not None and assignor not in configs.group_consumer_assignors:
        raise KafkaError(
            ErrorCode.UNSUPPORTED_ASSIGNOR,
            f"ServerAssignor {assignor} is not supported. Supported assignors: "
            f"{', '.join(configs.group_consumer_assignors)}.",
        )


def _validate_join(request: "ConsumerGroupHeartbeatRequest") -> None:
    if request.rebalance_timeout_ms == -1:
        raise KafkaError(
            ErrorCode.INVALID_REQUEST, "RebalanceTimeoutMs must be provided in first request."
        )
    if request.topic_partitions is None or request.topic_partitions:
        raise KafkaError(
            ErrorCode.INVALID_REQUEST, "TopicPartitions must be empty when (re-)joining."
        )
    if request.subscribed_topic_names is None and request.subscribed_topic_regex is None:
        raise KafkaError(
            ErrorCode.INVALID_REQUEST,
            "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when "
            "(re-)joining.",
        )


def _refuse_empty(value: str | None, name: str) -> None:
    if value is not None and not value.strip():
        raise KafkaError(ErrorCode.INVALID_REQUEST, f"{name} can't be empty.")
