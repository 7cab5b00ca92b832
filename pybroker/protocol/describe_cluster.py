"""DescribeCluster (API key 60), versions 0-2: cluster id, controller and brokers."""

from pybroker.protocol.declare import (
    EMPTY,
    Bool,
    BrokerId,
    Int8,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    String,
    Struct,
    field,
)


class DescribeClusterRequest(Request, key=60, versions="0-2", flexible="0+"):
    """Asks for the cluster without its topics.

    Versions:
      * 1: endpoint_type (KIP-919)
      * 2: include_fenced_brokers (KIP-1073)
    """

    include_cluster_authorized_operations: Bool = False
    # 1 brokers, 2 controllers.
    endpoint_type: Int8 = field(versions="1+", default=1)
    include_fenced_brokers: Bool = field(versions="2+", default=False)


class DescribeClusterResponse(Response, key=60, versions="0-2", flexible="0+"):
    """The cluster.

    Versions:
      * 1: endpoint_type
      * 2: DescribeClusterBroker.is_fenced
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    endpoint_type: Int8 = field(versions="1+", default=1)
    cluster_id: String = ""
    controller_id: BrokerId = -1
    brokers: list["DescribeClusterResponse.DescribeClusterBroker"] = EMPTY
    # One bit per AclOperation; the smallest integer when not asked for.
    cluster_authorized_operations: Int32 = -0x80000000

    class DescribeClusterBroker(Struct):
        """One broker, as the client reaches it."""

        broker_id: BrokerId = 0
        host: String = ""
        port: Int32 = 0
        rack: NullableString = None
        is_fenced: Bool = field(versions="2+", default=False)
