"""SaslAuthenticate (API key 36), versions 0-2."""

from pybroker.protocol.declare import Bytes, Int16, Int64, NullableString, Request, Response, field


class SaslAuthenticateRequest(Request, key=36, versions="0-2", flexible="2+"):
    """SaslAuthenticateRequest.

    Versions:
      * 2: flexible
    """

    auth_bytes: Bytes = b""


class SaslAuthenticateResponse(Response, key=36, versions="0-2", flexible="2+"):
    """SaslAuthenticateResponse.

    Versions:
      * 1: session_lifetime_ms
      * 2: flexible
    """

    error_code: Int16 = 0
    error_message: NullableString = None
    auth_bytes: Bytes = b""
    session_lifetime_ms: Int64 = field(versions="1+", ignorable=True, default=0)
