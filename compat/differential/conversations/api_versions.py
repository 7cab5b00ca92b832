"""ApiVersions: what is advertised, and the one request that is answered in a version unknown."""

import struct
from typing import Final

from compat.differential.conversation import Conversation, SendBytes, ask


def _of_version(version: int) -> SendBytes:
    header = struct.pack(">hhih", 18, version, 7, 6) + b"compat" + b"\0"
    body = b"\x07compat\x041.0\0"
    frame = struct.pack(">i", len(header) + len(body)) + header + body
    return SendBytes(frame, answered_as=("api_versions", 0))


SOFTWARE: Final = {"client_software_name": "compat", "client_software_version": "1.0"}

CONVERSATIONS: Final = (
    Conversation("v0 lists the ranges", [ask("api_versions", 0)]),
    Conversation("v2 has the throttle time", [ask("api_versions", 2)]),
    Conversation("v3 has feature levels", [ask("api_versions", 3, **SOFTWARE)]),
    Conversation("v4 has feature levels from zero", [ask("api_versions", 4, **SOFTWARE)]),
    Conversation(
        "an unknown version is answered in v0",
        [_of_version(99), _of_version(5), _of_version(-1), ask("api_versions", 0)],
    ),
    Conversation(
        "a software name that is not one is refused",
        [ask("api_versions", 3, client_software_name="-no name-", client_software_version="1.0")],
    ),
    Conversation(
        "an empty software version is refused",
        [ask("api_versions", 3, client_software_name="compat", client_software_version="")],
    ),
    Conversation(
        "asking again on the same connection is fine",
        [ask("api_versions", 3, **SOFTWARE), ask("api_versions", 1)],
    ),
)
