"""Kafka's uuids: sixteen bytes, written as 22 characters of URL-safe base64."""

from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

# Kafka keeps these for itself: no id, the metadata topic, and what is neither.
RESERVED_UUIDS: Final = frozenset((bytes(16), bytes(15) + b"\x01", bytes(15) + b"\x02"))


def uuid_text(uuid: bytes) -> str:
    """Write a uuid as Kafka's tools do."""
    return urlsafe_b64encode(uuid).rstrip(b"=").decode()


def random_uuid(random_bytes: "Callable[[int], bytes]") -> bytes:
    """Make a version 4 uuid that is not reserved and is no option on a command line."""
    while True:
        random = bytearray(random_bytes(16))
        random[6] = random[6] & 0x0F | 0x40
        random[8] = random[8] & 0x3F | 0x80
        uuid = bytes(random)
        if uuid not in RESERVED_UUIDS and not uuid_text(uuid).startswith("-"):
            return uuid
