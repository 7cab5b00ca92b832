"""Metadata (API key 3), versions 0-13.

Behaviour:
  * Names every node, at the address that the client dialled unless advertised.listeners is set.
  * Answers all topics (no list; in version 0 an empty one), none (an empty list), or those asked
    for, by name or by id; with one id in the request, the names are not looked at.
  * Creates topics that do not exist when auto.create.topics.enable and the request both allow it,
    and answers them complete. What cannot be created is answered with the reason.
  * A partition whose log is offline has no leader: LEADER_NOT_AVAILABLE, as Kafka says it where
    the only replica is in a failed directory.
  * Errors are per topic: INVALID_TOPIC_EXCEPTION, UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID.
  * The answer is kept, unless a topic was to be created.

Versions:
  * 1: topics may be null; controller_id, rack, is_internal
  * 2: cluster_id
  * 4: allow_auto_topic_creation
  * 5: offline_replicas
  * 7: leader_epoch
  * 8: authorized operations (KIP-430)
  * 9: flexible
  * 10: topic_id (KIP-516); asking by id is answered from version 12 on
  * 11: without the authorized operations of the cluster (KIP-700)
  * 13: error_code (KIP-1102)
"""

from functools import partial
from typing import TYPE_CHECKING, Final

from pybroker.api import Kept
from pybroker.configs import validate_topic_configs
from pybroker.errors import ErrorCode
from pybroker.metadata import internal_topics
from pybroker.metadata.authorized_operations import (
    CLUSTER_OPERATIONS,
    OPERATIONS_NOT_ASKED_FOR,
    TOPIC_OPERATIONS,
)
from pybroker.metadata.carry_out import create, placement_of
from pybroker.metadata.decisions.create_topics import (
    CreatedTopic,
    RefusedTopic,
    decide_create_topics,
)
from pybroker.metadata.topics import (
    GROUP_METADATA_TOPIC_NAME,
    INTERNAL_TOPIC_NAMES,
    TRANSACTION_STATE_TOPIC_NAME,
)
from pybroker.metadata.validation import invalid_name_message
from pybroker.protocol.create_topics import CreateTopicsRequest
from pybroker.protocol.metadata import MetadataRequest, MetadataResponse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pybroker.api import RequestContext
    from pybroker.broker import Broker
    from pybroker.metadata.topics import PartitionState, TopicState

ZERO_UUID: Final = bytes(16)
NO_LEADER: Final = -1
COORDINATORS_TOPICS: Final = frozenset((GROUP_METADATA_TOPIC_NAME, TRANSACTION_STATE_TOPIC_NAME))


async def metadata(
    broker: "Broker", context: "RequestContext", request: MetadataRequest
) -> MetadataResponse | Kept[MetadataResponse]:
    """Answer the nodes and the topics."""
    version = context.api_version
    if _is_malformed(request, version):
        return _refused(request)
    refused: dict[str, ErrorCode] = {}
    to_create = _to_create(broker, request, version)
    if to_create:
        refused = await _create(broker, to_create)
    response = MetadataResponse(
        brokers=[_broker(broker, context, node_id) for node_id in broker.node_ids],
        cluster_id=broker.cluster_id,
        controller_id=broker.controller_id,
        topics=_topics(broker, request, version, refused),
    )
    if request.include_cluster_authorized_operations:
        response.cluster_authorized_operations = CLUSTER_OPERATIONS
    return response if to_create else Kept(response)


def _is_malformed(request: MetadataRequest, version: int) -> bool:
    """Versions 10 and 11 have room for ids and null names, and do not answer them."""
    return version < 12 and any(
        topic.name is None or topic.topic_id != ZERO_UUID for topic in request.topics or ()
    )


def _wants_all(request: MetadataRequest, version: int) -> bool:
    return request.topics is None or (version == 0 and not request.topics)


def _names(request: MetadataRequest) -> list[str]:
    return list(
        dict.fromkeys(topic.name for topic in request.topics or () if topic.name is not None)
    )


def _ids(request: MetadataRequest) -> list[bytes]:
    ids = dict.fromkeys(topic.topic_id for topic in request.topics or ())
    return [topic_id for topic_id in ids if topic_id != ZERO_UUID]


# --- Creating what is asked for ----------------------------------------------------------------


def _to_create(broker: "Broker", request: MetadataRequest, version: int) -> list[str]:
    """Choose the names to create."""
    if not (request.allow_auto_topic_creation and broker.config.auto_create_topics_enable):
        return []
    if _wants_all(request, version) or _ids(request):
        return []
    known = broker.topics.by_name
    return [name for name in _names(request) if name not in known]


async def _create(broker: "Broker", names: list[str]) -> dict[str, ErrorCode]:
    """Create topics with the broker's defaults; gives the reasons for those that cannot be."""
    for name in COORDINATORS_TOPICS.intersection(names):
        internal_topics.ensure(broker, name)
    results = decide_create_topics(
        broker.topics,
        [
            CreateTopicsRequest.CreatableTopic(name=name, num_partitions=-1, replication_factor=-1)
            for name in names
            if name not in INTERNAL_TOPIC_NAMES
        ],
        placement=placement_of(broker),
        validate_configs=partial(validate_topic_configs, config=broker.config),
        new_uuid=broker.new_uuid,
    )
    await create(broker, [result for result in results if isinstance(result, CreatedTopic)])
    return {
        result.name: result.error.code for result in results if isinstance(result, RefusedTopic)
    }


# --- The response ------------------------------------------------------------------------------


def _topics(
    broker: "Broker", request: MetadataRequest, version: int, refused: dict[str, ErrorCode]
) -> list[MetadataResponse.Topic]:
    operations = OPERATIONS_NOT_ASKED_FOR
    if request.include_topic_authorized_operations:
        operations = TOPIC_OPERATIONS
    if _wants_all(request, version):
        return _known_topics(broker, broker.topics.by_name.values(), operations)
    ids = _ids(request)
    if ids:
        by_id = broker.topics.by_id
        unknown = [
            MetadataResponse.Topic(
                error_code=ErrorCode.UNKNOWN_TOPIC_ID, name=None, topic_id=topic_id
            )
            for topic_id in ids
            if topic_id not in by_id
        ]
        known = [by_id[topic_id] for topic_id in ids if topic_id in by_id]
        return unknown + _known_topics(broker, known, operations)
    by_name = broker.topics.by_name
    topics = []
    for name in _names(request):
        topic = by_name.get(name)
        if topic is None:
            topics.append(_unknown_topic(name, refused.get(name), operations))
        else:
            topics += _known_topics(broker, (topic,), operations)
    return topics


def _known_topics(
    broker: "Broker", topics: "Iterable[TopicState]", operations: int
) -> list[MetadataResponse.Topic]:
    node_ids = frozenset(broker.node_ids)
    offline = broker.log_dirs.offline
    return [
        MetadataResponse.Topic(
            name=topic.name,
            topic_id=topic.topic_id,
            is_internal=topic.is_internal,
            partitions=[
                _partition(
                    node_ids, index, partition, is_offline=(topic.topic_id, index) in offline
                )
                for index, partition in enumerate(topic.partitions)
            ],
            topic_authorized_operations=operations,
        )
        for topic in topics
    ]


def _partition(
    node_ids: frozenset[int], index: int, partition: "PartitionState", *, is_offline: bool
) -> MetadataResponse.Partition:
    answer = MetadataResponse.Partition(
        partition_index=index,
        leader_id=partition.leader_id,
        leader_epoch=partition.leader_epoch,
        replica_nodes=list(partition.replicas),
        isr_nodes=list(partition.isr),
    )
    if is_offline:
        answer.offline_replicas = list(partition.replicas)
    elif not node_ids.issuperset(partition.replicas):
        answer.offline_replicas = [id_ for id_ in partition.replicas if id_ not in node_ids]
    if is_offline or partition.leader_id not in node_ids:
        answer.error_code = ErrorCode.LEADER_NOT_AVAILABLE
        answer.leader_id = NO_LEADER
    return answer


def _unknown_topic(name: str, reason: ErrorCode | None, operations: int) -> MetadataResponse.Topic:
    if reason is None:
        reason = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        if invalid_name_message(name) is not None:
            reason = ErrorCode.INVALID_TOPIC_EXCEPTION
    return MetadataResponse.Topic(
        error_code=reason,
        name=name,
        is_internal=name in INTERNAL_TOPIC_NAMES,
        topic_authorized_operations=operations,
    )


def _broker(broker: "Broker", context: "RequestContext", node_id: int) -> MetadataResponse.Broker:
    host, port = broker.endpoint(node_id, context)
    return MetadataResponse.Broker(node_id=node_id, host=host, port=port)


def _refused(request: MetadataRequest) -> MetadataResponse:
    return MetadataResponse(
        topics=[
            MetadataResponse.Topic(
                error_code=ErrorCode.INVALID_REQUEST,
                name=topic.name or "",
                topic_id=topic.topic_id,
            )
            for topic in request.topics or ()
        ]
    )
