"""Bytes to messages and back: the compiled codec, one per message and version, made when needed."""

from typing import TYPE_CHECKING, TypeVar

from pybroker._native import Codec

if TYPE_CHECKING:
    from pybroker.protocol.declare import Message

MessageT = TypeVar("MessageT", bound="Message")

_codecs: dict[tuple[type, int], Codec] = {}


def codec(message_class: "type[Message]", version: int) -> Codec:
    """Give the codec of a message in a version. ValueError when the message has no such version."""
    key = (message_class, version)
    known = _codecs.get(key)
    if known is None:
        known = _codecs[key] = Codec(message_class, version)
    return known


def decode(message_class: type[MessageT], version: int, body: bytes) -> MessageT:
    """Read a message that fills `body`; ProtocolError when it does not."""
    message: MessageT = codec(message_class, version).decode(body)
    return message


def encode(message: "Message", version: int) -> bytes:
    """Write a message; ValueError names the field that does not fit its type or the version."""
    return codec(type(message), version).encode(message)
