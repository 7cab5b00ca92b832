"""SaslHandshake (API key 17), versions 0-1: the client chooses a SASL mechanism."""

from pybroker.protocol.declare import EMPTY, Int16, Request, Response, String


class SaslHandshakeRequest(Request, key=17, versions="0-1"):
    """Names the mechanism that the client wants.

    Versions:
      * 1: SASL's bytes follow in SaslAuthenticate requests, not as frames of their own
    """

    mechanism: String = ""


class SaslHandshakeResponse(Response, key=17, versions="0-1"):
    """Whether the mechanism is enabled, and those that are."""

    error_code: Int16 = 0
    mechanisms: list[String] = EMPTY
