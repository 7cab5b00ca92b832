"""The two errors that are not bugs: a refused request, and bytes that are not the protocol.

Whatever else is raised is a bug: answered with UNKNOWN_SERVER_ERROR, counted and logged.
"""

from pybroker.protocol.error_codes import ErrorCode

__all__ = ["ErrorCode", "KafkaError", "ProtocolError"]


class KafkaError(Exception):
    """The request is refused; the answer carries `code`, and `message` where it has a place."""

    def __init__(self, code: ErrorCode, message: str | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.code.name if self.message is None else f"{self.code.name}: {self.message}"


class ProtocolError(Exception):
    """The bytes are not what the protocol allows here; the connection is closed."""
