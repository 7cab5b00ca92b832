"""kafka-python and aiokafka take the configs of the Java client, in snake case: what they share."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.support.clients.library import (
    HEARTBEAT_INTERVAL_MS,
    REQUEST_TIMEOUT_MS,
    RETRY_BACKOFF_MS,
    MemberOptions,
    Message,
    Record,
)

# Readers and members begin at the start, and commit when a test says so.
READS: Mapping[str, Any] = {"auto_offset_reset": "earliest", "enable_auto_commit": False}


def common_config(bootstrap_servers: str) -> dict[str, Any]:
    """Give what every client is made with."""
    return {
        "bootstrap_servers": bootstrap_servers.split(","),
        "retry_backoff_ms": RETRY_BACKOFF_MS,
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
    }


def reader_config(fetch_max_wait_ms: int) -> dict[str, Any]:
    """Give what a consumer without a group is made with beside that."""
    return {
        **READS,
        "group_id": None,
        "fetch_max_wait_ms": fetch_max_wait_ms,
        "request_timeout_ms": fetch_max_wait_ms + REQUEST_TIMEOUT_MS,
    }


def member_config(options: MemberOptions, assignors: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a member of a group is made with beside that."""
    return {
        **READS,
        "group_id": options.group_id,
        "client_id": options.client_id,
        "group_instance_id": options.instance_id,
        "partition_assignment_strategy": [assignors[options.assignor]],
        "session_timeout_ms": options.session_timeout_ms,
        "heartbeat_interval_ms": HEARTBEAT_INTERVAL_MS,
    }


def compression_type(compression: str) -> str | None:
    """Name a codec as these libraries do."""
    return None if compression == "none" else compression


def sent_arguments(message: Message) -> dict[str, Any]:
    """Give what `send` of a producer takes beside the topic."""
    return {
        "value": message.value,
        "key": message.key,
        "headers": list(message.headers),
        "partition": message.partition,
        "timestamp_ms": message.timestamp_ms,
    }


def read_all(found: Mapping[Any, Iterable[Any]]) -> list[Record]:
    """Give what a poll found, by partition, as the tests' records."""
    return [read(record) for records in found.values() for record in records]


def read(record: Any) -> Record:
    """Give what the library read as the tests' record."""
    return Record(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        record.key,
        record.value,
        tuple(record.headers),
    )
