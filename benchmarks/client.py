"""A plain client for what surrounds a measurement: topics, offsets, members of groups.

It speaks through the codec of `compat.differential`, which is not pybroker's.
"""

import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

from compat.differential.codec import decode_response, encode_request, receive_frame
from compat.differential.conversation import error_codes
from compat.differential.record_batches import Batch
from compat.process import HOST

ANSWER_TIMEOUT_S: Final = 300.0
# Kafka takes minutes for ten thousand partitions on a small machine.
PATIENCE_S: Final = 300.0
RETRY_INTERVAL_S: Final = 0.001
SESSION_TIMEOUT_MS: Final = 1_700_000


class Client:
    """One connection; requests are answered one by one."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((HOST, port), timeout=ANSWER_TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, api: str, version: int, **fields: Any) -> dict[str, Any]:
        """Send a request and give its answer."""
        return self.exchange(api, version, encode_request(api, version, fields, 1))

    def exchange(self, api: str, version: int, frame: bytes) -> dict[str, Any]:
        """Send a frame that is encoded already, and give its answer."""
        self._socket.sendall(frame)
        return decode_response(api, version, receive_frame(self._socket))[1]

    def ask_until_it_works(self, api: str, version: int, **fields: Any) -> dict[str, Any]:
        """Repeat a request until its answer has no error."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer = self.ask(api, version, **fields)
            if error_codes(answer) <= {"NONE"}:
                return answer
            if time.monotonic() > deadline:
                raise TimeoutError(f"{api} still answers {answer}")
            time.sleep(RETRY_INTERVAL_S)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def create_topic(
    port: int, name: str, partitions: int = 1, configs: Mapping[str, str] | None = None
) -> None:
    """Create a topic and wait until every partition serves."""
    topic = {
        "name": name,
        "num_partitions": partitions,
        "replication_factor": 1,
        "configs": [{"name": key, "value": value} for key, value in (configs or {}).items()],
    }
    with Client(port) as client:
        client.ask("create_topics", 7, topics=[topic], timeout=60_000)
        client.ask_until_it_works(
            "metadata", 12, topics=[{"name": name}], allow_auto_topic_creation=False
        )
        _ends(client, name, partitions)


def delete_topic(port: int, name: str) -> None:
    """Delete a topic, so that the next run finds room."""
    with Client(port) as client:
        client.ask("delete_topics", 6, topics=[{"name": name}], timeout=60_000)


def stored_records(port: int, name: str, partitions: int) -> int:
    """Count the records in a topic that was never cut."""
    with Client(port) as client:
        return sum(_ends(client, name, partitions))


def _ends(client: Client, name: str, partitions: int) -> list[int]:
    wanted = [{"partition_index": index, "timestamp": -1} for index in range(partitions)]
    answer = client.ask_until_it_works(
        "list_offsets", 7, topics=[{"name": name, "partitions": wanted}]
    )
    return [each["offset"] for each in answer["topics"][0]["partitions"]]


def join_group(port: int, group_id: str) -> str:
    """Make a stable group of one member that stays without heartbeats; give its member id."""
    fields: dict[str, Any] = {
        "group_id": group_id,
        "session_timeout": SESSION_TIMEOUT_MS,
        "rebalance_timeout": 60_000,
        "protocol_type": "consumer",
        "protocols": [{"name": "range", "metadata": b""}],
    }
    with Client(port) as client:
        client.ask_until_it_works("find_coordinator", 0, key=group_id)
        member_id = ""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer = client.ask("join_group", 7, member_id=member_id, **fields)
            member_id = answer["member_id"] or member_id
            if answer["error_code"] == "NONE":
                break
            if time.monotonic() > deadline:
                raise TimeoutError(f"JoinGroup still answers {answer}")
            time.sleep(RETRY_INTERVAL_S)
        client.ask_until_it_works(
            "sync_group",
            3,
            group_id=group_id,
            generation_id=answer["generation_id"],
            member_id=member_id,
            assignments=[{"member_id": member_id, "assignment": b"all"}],
        )
        return member_id


def produce_frame(topic: str, partition: int, value: bytes, acks: int = 1) -> bytes:
    """Encode a request that writes one record."""
    data = [{"index": partition, "records": Batch(values=[value]).build()}]
    return encode_request(
        "produce",
        12,
        {
            "transactional_id": None,
            "acks": acks,
            "timeout": 30_000,
            "topic_data": [{"name": topic, "partition_data": data}],
        },
        1,
    )


def frames(api: str, version: int, bodies: Sequence[dict[str, Any]]) -> list[bytes]:
    """Encode a request for each body."""
    return [encode_request(api, version, body, 1) for body in bodies]
