"""SaslAuthenticate (API key 36), versions 0-2.

SASL's own bytes, between handshake and first request.
"""

from pybroker.protocol.declare import Bytes, Int16, Int64, NullableString, Request, Response, field


class SaslAuthenticateRequest(Request, key=36, versions="0-2", flexible="2+"):
    """What the client's side of the mechanism says.

    Versions:
      * 2: flexible
    """

    auth_bytes: Bytes = b""


class SaslAuthenticateResponse(Response, key=36, versions="0-2", flexible="2+"):
    """What the broker's side answers.

    Versions:
      * 1: session_lifetime_ms
      * 2: flexible
    """

    error_code: Int16 = 0
    error_message: NullableString = None
    auth_bytes: Bytes = b""
    # After so long the client must authenticate again (KIP-368); 0 for never.
    session_lifetime_ms: Int64 = field(versions="1+", ignorable=True, default=0)
