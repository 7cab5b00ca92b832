"""RenewDelegationToken (API key 39), versions 1-2."""

from pybroker.protocol.declare import Bytes, Int16, Int32, Int64, Request, Response


class RenewDelegationTokenRequest(Request, key=39, versions="1-2", flexible="2+"):
    """RenewDelegationTokenRequest.

    Versions:
      * 2: flexible
    """

    hmac: Bytes = b""
    renew_period_ms: Int64 = 0


class RenewDelegationTokenResponse(Response, key=39, versions="1-2", flexible="2+"):
    """RenewDelegationTokenResponse.

    Versions:
      * 2: flexible
    """

    error_code: Int16 = 0
    expiry_timestamp_ms: Int64 = 0
    throttle_time_ms: Int32 = 0
