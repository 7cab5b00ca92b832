"""ExpireDelegationToken (API key 40), versions 1-2."""

from pybroker.protocol.declare import Bytes, Int16, Int32, Int64, Request, Response


class ExpireDelegationTokenRequest(Request, key=40, versions="1-2", flexible="2+"):
    """ExpireDelegationTokenRequest.

    Versions:
      * 2: flexible
    """

    hmac: Bytes = b""
    expiry_time_period_ms: Int64 = 0


class ExpireDelegationTokenResponse(Response, key=40, versions="1-2", flexible="2+"):
    """ExpireDelegationTokenResponse.

    Versions:
      * 2: flexible
    """

    error_code: Int16 = 0
    expiry_timestamp_ms: Int64 = 0
    throttle_time_ms: Int32 = 0
