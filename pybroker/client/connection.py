"""One connection to one broker: a message goes out, the response of the same name comes back.

Promises:
  * A request goes out in the newest version that both sides know.
  * Whatever keeps an answer from coming is `Unreachable`, whose text is a sentence for the user.
"""

import socket
import struct
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Self

from pybroker.errors import ErrorCode, KafkaError, ProtocolError
from pybroker.protocol.api_versions import ApiVersionsRequest
from pybroker.protocol.codec import decode, encode
from pybroker.protocol.headers import RequestHeader

if TYPE_CHECKING:
    from pybroker.protocol.declare import Message, Request, Response

CLIENT_ID: Final = "pybroker-cli"
TIMEOUT_S: Final = 30.0  # For one answer.
FRAME_LIMIT_BYTES: Final = 100 * 1024 * 1024  # What claims to be longer is not an answer.
FIRST_API_VERSIONS: Final = 0  # Every broker knows it.


class Unreachable(Exception):  # noqa: N818 - It is what the broker is.
    """A broker does not answer. The text is for the user."""


class Connection:
    """An open connection, and the versions that the broker serves."""

    def __init__(self, host: str, port: int) -> None:
        self._address = f"{host}:{port}"
        self._correlation_id = 0
        try:
            self._socket = socket.create_connection((host, port), timeout=TIMEOUT_S)
        except OSError as error:
            raise Unreachable(
                f"{self._address} cannot be reached: {error.strerror or error}"
            ) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            served = self._ask(ApiVersionsRequest(), FIRST_API_VERSIONS)
        except BaseException:
            self.close()
            raise
        self._newest = {
            each.api_key: (each.min_version, each.max_version) for each in served.api_keys
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def version_of(self, request_class: "type[Request]", limit: int | None = None) -> int | None:
        """Give the newest version that both sides know, and not above `limit`; None if none."""
        first, newest = self._newest.get(request_class.KEY, (0, -1))
        versions = request_class.VERSIONS
        version = min(newest, versions.last, versions.last if limit is None else limit)
        return version if version >= max(first, versions.first) else None

    def ask(self, request: "Request", limit: int | None = None) -> "Any":
        """Send a message in the newest version that both sides know, and give the answer."""
        version = self.version_of(type(request), limit)
        if version is None:
            name = type(request).__name__.removesuffix("Request")
            raise KafkaError(
                ErrorCode.UNSUPPORTED_VERSION, f"{self._address} does not serve {name}."
            )
        return self._ask(request, version)

    def _ask(self, request: "Request", version: int) -> "Any":
        request_class = type(request)
        self._correlation_id += 1
        is_flexible = _is_flexible(request_class, version)
        header = RequestHeader(
            request_api_key=request_class.KEY,
            request_api_version=version,
            correlation_id=self._correlation_id,
            client_id=CLIENT_ID,
        )
        frame = encode(header, 2 if is_flexible else 1) + encode(request, version)
        try:
            self._socket.sendall(struct.pack(">i", len(frame)) + frame)
            answer = self._receive()
            # The answer to ApiVersions has the plain header in every version.
            has_tags = is_flexible and request_class is not ApiVersionsRequest
            return decode(_response_class(request_class), version, answer[5 if has_tags else 4 :])
        except (OSError, ProtocolError) as error:
            raise Unreachable(f"{self._address} does not answer as Kafka does: {error}") from error

    def _receive(self) -> bytes:
        (length,) = struct.unpack(">i", self._receive_exactly(4))
        if not 4 <= length <= FRAME_LIMIT_BYTES:
            raise ProtocolError(f"a frame of {length} bytes")
        return self._receive_exactly(length)

    def _receive_exactly(self, count: int) -> bytes:
        received = bytearray()
        while len(received) < count:
            more = self._socket.recv(count - len(received))
            if not more:
                raise ProtocolError("it closed the connection")
            received += more
        return bytes(received)


def _is_flexible(message_class: "type[Message]", version: int) -> bool:
    flexible = message_class.FLEXIBLE
    return flexible is not None and version >= flexible.first


def _response_class(request_class: "type[Request]") -> "type[Response]":
    name = f"{request_class.__name__.removesuffix('Request')}Response"
    found: type[Response] = getattr(import_module(request_class.__module__), name)
    return found
