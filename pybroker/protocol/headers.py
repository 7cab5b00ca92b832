"""The headers that stand before every request and response."""

from pybroker.protocol.declare import Int16, Int32, Message, NullableString, field


class RequestHeader(Message, versions="1-2", flexible="2+"):
    """Stands before every request.

    Versions:
      * 2: flexible
    """

    request_api_key: Int16 = 0
    request_api_version: Int16 = 0
    # The response repeats it.
    correlation_id: Int32 = 0
    client_id: NullableString = field(compact=False, default="")


class ResponseHeader(Message, versions="0-1", flexible="1+"):
    """Stands before every response. Version 0 goes with ApiVersions in any version.

    Versions:
      * 1: flexible
    """

    correlation_id: Int32 = 0
