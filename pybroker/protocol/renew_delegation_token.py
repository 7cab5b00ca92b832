"""RenewDelegationToken (API key 39), versions 1-2: a later expiry for a token."""

from pybroker.protocol.declare import Bytes, Int16, Int32, Int64, Request, Response


class RenewDelegationTokenRequest(Request, key=39, versions="1-2", flexible="2+"):
    """Renews a token.

    Versions:
      * 2: flexible
    """

    hmac: Bytes = b""
    # -1 for the broker's default.
    renew_period_ms: Int64 = 0


class RenewDelegationTokenResponse(Response, key=39, versions="1-2", flexible="2+"):
    """When the token expires now.

    Versions:
      * 2: flexible
    """

    error_code: Int16 = 0
    expiry_timestamp_ms: Int64 = 0
    throttle_time_ms: Int32 = 0
