"""Bytes that are not a request: the connection is closed, and others go on."""

import struct
from typing import Final

from compat.differential.conversation import Conversation, SendBytes, ask
from compat.differential.requests import topic

STILL_THERE: Final = ask("metadata", 12, topics=[], on_="another")


def _framed(data: bytes) -> bytes:
    return struct.pack(">i", len(data)) + data


def _header(api_key: int, version: int, *, flexible: bool = False) -> bytes:
    return struct.pack(">hhih", api_key, version, 1, 1) + b"x" + (b"\0" if flexible else b"")


def _closed_by(name: str, data: bytes) -> Conversation:
    return Conversation(name, [SendBytes(data), STILL_THERE])


CONVERSATIONS: Final = (
    _closed_by("an unknown api key", _framed(_header(999, 0))),
    _closed_by("a negative api key", _framed(_header(-3, 0))),
    _closed_by("an api key of controllers only", _framed(_header(52, 0))),
    _closed_by("a version above the highest", _framed(_header(3, 99, flexible=True))),
    _closed_by("a version below the lowest", _framed(_header(0, 2))),
    _closed_by("a negative version", _framed(_header(3, -1))),
    _closed_by("a negative length", struct.pack(">i", -1)),
    _closed_by("a length of two gigabytes", struct.pack(">i", 2**31 - 1)),
    _closed_by("a length of zero", struct.pack(">i", 0)),
    _closed_by("a header cut short", _framed(struct.pack(">hh", 3, 1))),
    _closed_by("a body cut short", _framed(_header(3, 1) + struct.pack(">ih", 5, 3) + b"a")),
    _closed_by("bytes left over", _framed(_header(3, 1) + struct.pack(">i", 0) + b"left over")),
    _closed_by("an array of two billion", _framed(_header(3, 1) + struct.pack(">i", 2**31 - 1))),
    _closed_by("a string of negative length", _framed(_header(10, 0) + struct.pack(">h", -7))),
    _closed_by("an HTTP request", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    _closed_by("a TLS hello", bytes.fromhex("16030100c8010000c40303") + bytes(200)),
    _closed_by("a boolean that is neither", _framed(_header(19, 2) + struct.pack(">iib", 0, 9, 7))),
    Conversation(
        "requests sent together are answered in order",
        [
            *topic("in-order"),
            ask("metadata", 12, topics=[], awaited_=True),
            ask("list_groups", 4, states_filter=["NoSuchState"]),
        ],
    ),
)
