"""ExpireDelegationToken (API key 40), versions 1-2: an earlier end for a token."""

from pybroker.protocol.declare import Bytes, Int16, Int32, Int64, Request, Response


class ExpireDelegationTokenRequest(Request, key=40, versions="1-2", flexible="2+"):
    """Changes when a token expires.

    Versions:
      * 2: flexible
    """

    hmac: Bytes = b""
    # Negative: at once.
    expiry_time_period_ms: Int64 = 0


class ExpireDelegationTokenResponse(Response, key=40, versions="1-2", flexible="2+"):
    """When the token expires now.

    Versions:
      * 2: flexible
    """

    error_code: Int16 = 0
    expiry_timestamp_ms: Int64 = 0
    throttle_time_ms: Int32 = 0
