"""SaslHandshake (API key 17), versions 0-1."""

from pybroker.protocol.declare import EMPTY, Int16, Request, Response, String


class SaslHandshakeRequest(Request, key=17, versions="0-1"):
    """SaslHandshakeRequest."""

    mechanism: String = ""


class SaslHandshakeResponse(Response, key=17, versions="0-1"):
    """SaslHandshakeResponse."""

    error_code: Int16 = 0
    mechanisms: list[String] = EMPTY
