"""Metadata (API key 3), versions 0-13: brokers, topics, partitions and their leaders."""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
    Bool,
    BrokerId,
    Int16,
    Int32,
    NullableString,
    NullableTopicName,
    Request,
    Response,
    String,
    Struct,
    Uuid,
    field,
)


class MetadataRequest(Request, key=3, versions="0-13", flexible="9+"):
    """Asks for the brokers and for topics, by name or by id.

    Versions:
      * 1: topics may be None
      * 4: allow_auto_topic_creation
      * 8: include_cluster_authorized_operations, include_topic_authorized_operations
      * 9: flexible
      * 10: Topic.topic_id, Topic.name may be None
      * 11: without include_cluster_authorized_operations, operations on the cluster moved
        to DescribeCluster (KIP-700)
      * 12: topics may be asked for by id
    """

    # None for all; in version 0 an empty list means all.
    topics: list["MetadataRequest.Topic"] | None = field(nullable="1+", default=EMPTY)
    # Create topics that do not exist, if the broker's config allows it too.
    allow_auto_topic_creation: Bool = field(versions="4+", default=True)
    include_cluster_authorized_operations: Bool = field(versions="8-10", default=False)
    include_topic_authorized_operations: Bool = field(versions="8+", default=False)

    class Topic(Struct):
        """One topic, by name or by id."""

        topic_id: Uuid = field(versions="10+", ignorable=True, default=ZERO_UUID)
        # None to ask by id, which works from version 12 on.
        name: NullableTopicName = field(nullable="10+", default="")


class MetadataResponse(Response, key=3, versions="0-13", flexible="9+"):
    """What clients need to find the leader of each partition.

    Versions:
      * 1: controller_id, Broker.rack, Topic.is_internal
      * 2: cluster_id
      * 3: throttle_time_ms
      * 5: Partition.offline_replicas
      * 7: Partition.leader_epoch
      * 8: cluster_authorized_operations, Topic.topic_authorized_operations
      * 9: flexible
      * 10: Topic.topic_id
      * 11: without cluster_authorized_operations
      * 12: Topic.name may be None
      * 13: error_code
    """

    throttle_time_ms: Int32 = field(versions="3+", ignorable=True, default=0)
    brokers: list["MetadataResponse.Broker"] = EMPTY
    cluster_id: NullableString = field(versions="2+", ignorable=True, default=None)
    # Where admin clients send their requests; any broker here.
    controller_id: BrokerId = field(versions="1+", ignorable=True, default=-1)
    topics: list["MetadataResponse.Topic"] = EMPTY
    # One bit per AclOperation; the smallest integer when not asked for.
    cluster_authorized_operations: Int32 = field(versions="8-10", default=-0x80000000)
    # REBOOTSTRAP_REQUIRED tells the client to start again from its bootstrap servers.
    error_code: Int16 = field(versions="13+", ignorable=True, default=0)

    class Broker(Struct):
        """One broker, as the client reaches it."""

        node_id: BrokerId = 0
        host: String = ""
        port: Int32 = 0
        rack: NullableString = field(versions="1+", ignorable=True, default=None)

    class Topic(Struct):
        """One topic."""

        error_code: Int16 = 0
        # None when the id asked for is unknown.
        name: NullableTopicName = field(nullable="12+", default="")
        topic_id: Uuid = field(versions="10+", ignorable=True, default=ZERO_UUID)
        is_internal: Bool = field(versions="1+", ignorable=True, default=False)
        partitions: list["MetadataResponse.Partition"] = EMPTY
        # As `cluster_authorized_operations`.
        topic_authorized_operations: Int32 = field(versions="8+", default=-0x80000000)

    class Partition(Struct):
        """One partition."""

        error_code: Int16 = 0
        partition_index: Int32 = 0
        # -1 when there is none.
        leader_id: BrokerId = 0
        leader_epoch: Int32 = field(versions="7+", ignorable=True, default=-1)
        replica_nodes: list[BrokerId] = EMPTY
        # Replicas that have all records.
        isr_nodes: list[BrokerId] = EMPTY
        offline_replicas: list[BrokerId] = field(versions="5+", ignorable=True, default=EMPTY)
