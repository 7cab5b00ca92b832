"""FindCoordinator (API key 10), versions 0-6.

Which broker coordinates a group or a transactional id.
"""

from pybroker.protocol.declare import (
    EMPTY,
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


class FindCoordinatorRequest(Request, key=10, versions="0-6", flexible="3+"):
    """Asks for the coordinator of a group, a transactional id, or a partition of a share group.

    Versions:
      * 1: key_type
      * 3: flexible
      * 4: coordinator_keys, without key (KIP-699)
      * 5: TRANSACTION_ABORTABLE may be answered (KIP-890)
      * 6: key type 2 (KIP-932)
    """

    # A group id or a transactional id.
    key: String = field(versions="0-3", default="")
    # 0: group; 1: transaction; 2: share, with keys of `group:topic id:partition`.
    key_type: Int8 = field(versions="1+", default=0)
    coordinator_keys: list[String] = field(versions="4+", default=EMPTY)


class FindCoordinatorResponse(Response, key=10, versions="0-6", flexible="3+"):
    """The broker that coordinates, for each key.

    Versions:
      * 1: throttle_time_ms, error_message
      * 3: flexible
      * 4: coordinators, without the fields of a single one (KIP-699)
    """

    throttle_time_ms: Int32 = field(versions="1+", ignorable=True, default=0)
    error_code: Int16 = field(versions="0-3", default=0)
    error_message: NullableString = field(versions="1-3", ignorable=True, default=None)
    node_id: BrokerId = field(versions="0-3", default=0)
    host: String = field(versions="0-3", default="")
    port: Int32 = field(versions="0-3", default=0)
    coordinators: list["FindCoordinatorResponse.Coordinator"] = field(versions="4+", default=EMPTY)

    class Coordinator(Struct):
        """The coordinator of one key."""

        key: String = ""
        node_id: BrokerId = 0
        host: String = ""
        port: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
