"""A client that sends exactly what a test says, and shows exactly what comes back."""

import socket
import struct
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Self

from pybroker.protocol.codec import codec
from pybroker.protocol.create_topics import CreateTopicsRequest
from pybroker.protocol.declare import Message, Request
from pybroker.protocol.headers import RequestHeader

TIMEOUT_S = 30.0

API_VERSIONS = 18


class RawClient:
    """One connection. `ask` sends a message and gives the response of the same name."""

    def __init__(self, bootstrap_servers: str, client_id: str | None = "raw") -> None:
        host, _, port = bootstrap_servers.split(",", maxsplit=1)[0].rpartition(":")
        self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout=TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.client_id = client_id
        self.correlation_id = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def ask(self, request: Any, version: int) -> Any:
        """Send a message and give the answer."""
        correlation_id = self.send(request, version)
        return self.receive(type(request), version, correlation_id)

    def send(self, request: Any, version: int) -> int:
        """Send a message and give its correlation id."""
        body = codec(type(request), version).encode(request)
        header_version = 2 if is_flexible(type(request), version) else 1
        return self.send_body(type(request).KEY, version, body, header_version=header_version)

    def send_body(self, api_key: int, version: int, body: bytes, *, header_version: int) -> int:
        """Send a body behind a right header, and give its correlation id."""
        self.correlation_id += 1
        header = RequestHeader(
            request_api_key=api_key,
            request_api_version=version,
            correlation_id=self.correlation_id,
            client_id=self.client_id,
        )
        self.send_frame(codec(RequestHeader, header_version).encode(header) + body)
        return self.correlation_id

    def send_frame(self, frame: bytes) -> None:
        """Send bytes behind their length."""
        self.send_bytes(struct.pack(">i", len(frame)) + frame)

    def send_bytes(self, sent: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(sent)

    def receive(self, request_class: type[Request], version: int, correlation_id: int) -> Any:
        """Read the answer to a message, which must be the next one on the connection."""
        frame = self.receive_frame()
        found = struct.unpack_from(">i", frame)[0]
        assert found == correlation_id, f"answer {found} came before {correlation_id}"
        has_tags = is_flexible(request_class, version) and request_class.KEY != API_VERSIONS
        return codec(response_class(request_class), version).decode(frame[5 if has_tags else 4 :])

    def receive_frame(self) -> bytes:
        """Read a frame without its length."""
        (length,) = struct.unpack(">i", self._receive_exactly(4))
        return self._receive_exactly(length)

    def is_closed(self) -> bool:
        """Wait until the broker closes the connection; False when it sends something instead."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True

    def _receive_exactly(self, count: int) -> bytes:
        received = b""
        while len(received) < count:
            more = self.socket.recv(count - len(received))
            if not more:
                raise ConnectionError("the broker closed the connection")
            received += more
        return received


def is_flexible(message_class: type[Message], version: int) -> bool:
    flexible = message_class.FLEXIBLE
    return flexible is not None and version >= flexible.first


def response_class(request_class: type) -> type:
    """The response that belongs to a request."""
    name = request_class.__name__.removesuffix("Request") + "Response"
    found: type = getattr(import_module(request_class.__module__), name)
    return found


def create_topic(
    client: RawClient, name: str, partitions: int = 1, configs: Sequence[tuple[str, str]] = ()
) -> bytes:
    """Create a topic, and give its id."""
    topic = CreateTopicsRequest.CreatableTopic(
        name=name,
        num_partitions=partitions,
        replication_factor=1,
        configs=[
            CreateTopicsRequest.CreatableTopicConfig(name=key, value=value)
            for key, value in configs
        ],
    )
    response = client.ask(CreateTopicsRequest(topics=[topic], timeout_ms=30_000), 7)
    (created,) = response.topics
    assert created.error_code == 0, created
    return bytes(created.topic_id)
