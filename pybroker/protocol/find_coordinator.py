"""FindCoordinator (API key 10), versions 0-6."""

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
    """FindCoordinatorRequest.

    Versions:
      * 1: key_type
      * 3: flexible
      * 4: without key, coordinator_keys
    """

    key: String = field(versions="0-3", default="")
    key_type: Int8 = field(versions="1+", default=0)
    coordinator_keys: list[String] = field(versions="4+", default=EMPTY)


class FindCoordinatorResponse(Response, key=10, versions="0-6", flexible="3+"):
    """FindCoordinatorResponse.

    Versions:
      * 1: throttle_time_ms, error_message
      * 3: flexible
      * 4: without error_code, without error_message, without node_id, without host, without
        port, coordinators
    """

    throttle_time_ms: Int32 = field(versions="1+", ignorable=True, default=0)
    error_code: Int16 = field(versions="0-3", default=0)
    error_message: NullableString = field(versions="1-3", ignorable=True, default=None)
    node_id: BrokerId = field(versions="0-3", default=0)
    host: String = field(versions="0-3", default="")
    port: Int32 = field(versions="0-3", default=0)
    coordinators: list["FindCoordinatorResponse.Coordinator"] = field(versions="4+", default=EMPTY)

    class Coordinator(Struct):
        """Coordinator."""

        key: String = ""
        node_id: BrokerId = 0
        host: String = ""
        port: Int32 = 0
        error_code: Int16 = 0
        error_message: NullableString = None
