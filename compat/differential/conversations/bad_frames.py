"""Bytes that are not a request: the connection is closed, and others go on."""

import struct
from typing import Final

from compat.differential.conversation import Collect, Conversation, SendBytes, ask
from compat.differential.requests import fetch, topic

STILL_THERE: Final = ask("metadata", 12, topics=[], on_="another")


def _framed(data: bytes) -> bytes:
    return struct.pack(">i", len(data)) + data


def _header(api_key: int, version: int, *, flexible: bool = False) -> bytes:
    return struct.pack(">hhih", api_key, version, 1, 1) + b"x" + (b"\0" if flexible else b"")


def _sent(name: str, data: bytes, answered_as: tuple[str, int] | None = None) -> Conversation:
    return Conversation(name, [SendBytes(data, answered_as=answered_as), STILL_THERE])


CONVERSATIONS: Final = (
    _sent("an unknown api key", _framed(_header(999, 0))),
    _sent("a negative api key", _framed(_header(-3, 0))),
    _sent("an api key of controllers only", _framed(_header(52, 0))),
    _sent("a version above the highest", _framed(_header(3, 99, flexible=True))),
    _sent("a version below the lowest", _framed(_header(0, 2))),
    _sent("a negative version", _framed(_header(3, -1))),
    _sent("a negative length", struct.pack(">i", -1)),
    _sent("a length of two gigabytes", struct.pack(">i", 2**31 - 1)),
    _sent("a length of zero", struct.pack(">i", 0)),
    _sent("a header cut short", _framed(struct.pack(">hh", 3, 1))),
    _sent("a body cut short", _framed(_header(3, 1) + struct.pack(">ih", 5, 3) + b"a")),
    _sent(
        "bytes left over",
        _framed(_header(3, 1) + struct.pack(">i", 0) + b"left over"),
        answered_as=("metadata", 1),
    ),
    _sent("an array of two billion", _framed(_header(3, 1) + struct.pack(">i", 2**31 - 1))),
    _sent("a string of negative length", _framed(_header(10, 0) + struct.pack(">h", -7))),
    _sent("an HTTP request", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    _sent("a TLS hello", bytes.fromhex("16030100c8010000c40303") + bytes(200)),
    _sent(
        "a boolean that is neither",
        _framed(_header(19, 2) + struct.pack(">iib", 0, 9, 7)),
        answered_as=("create_topics", 2),
    ),
    Conversation(
        "requests sent together are answered in order, though the first one waits",
        [
            *topic("in-order"),
            fetch("in-order", max_wait=200, awaited_=False),
            ask("metadata", 12, topics=[], awaited_=False),
            ask("api_versions", 4, client_software_name="", awaited_=False),
            Collect("main"),
            Collect("main"),
            Collect("main"),
        ],
    ),
)
