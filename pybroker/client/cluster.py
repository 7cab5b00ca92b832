"""The brokers of a cluster: found through any of them, each asked over one connection."""

from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from pybroker.client.connection import Connection, Unreachable
from pybroker.errors import ErrorCode, KafkaError
from pybroker.protocol.find_coordinator import FindCoordinatorRequest
from pybroker.protocol.list_offsets import ListOffsetsRequest
from pybroker.protocol.metadata import MetadataRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DEFAULT_PORT: Final = 9092
LATEST_TIMESTAMP: Final = -1
EARLIEST_TIMESTAMP: Final = -2
CONSUMER: Final = -1  # As the replica id of a request that no broker sends.
COORDINATOR_TRIES: Final = 50  # A broker may be creating the topic of its coordinators.
COORDINATOR_PAUSE_S: Final = 0.2
WAITING: Final = frozenset(
    (ErrorCode.COORDINATOR_NOT_AVAILABLE, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
)


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}"


class Cluster:
    """A cluster, by `bootstrap_servers` (host:port with commas between). A context manager."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._open: dict[tuple[str, int], Connection] = {}
        self._nodes: dict[int, tuple[str, int]] = {}
        self._leaders: dict[Place, int] = {}
        self._bootstrap = self._first_reachable(bootstrap_servers)
        self.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._open.values():
            connection.close()

    @property
    def node_ids(self) -> list[int]:
        """Every broker."""
        return sorted(self._nodes)

    def refresh(self) -> None:
        """Learn again which brokers and partitions there are."""
        answer = self._bootstrap.ask(MetadataRequest(topics=None, allow_auto_topic_creation=False))
        self._nodes = {each.node_id: (each.host, each.port) for each in answer.brokers}
        self._leaders = {
            Place(topic.name, partition.partition_index): partition.leader_id
            for topic in answer.topics
            for partition in topic.partitions
        }

    def partitions_of(self, topic: str) -> list[Place]:
        """Every partition of a topic; none if there is no such topic."""
        return sorted(place for place in self._leaders if place.topic == topic)

    def ask(self, node_id: int, request: Any, limit: int | None = None) -> Any:
        """Ask one broker."""
        return self.connection(node_id).ask(request, limit)

    def connection(self, node_id: int) -> Connection:
        """Connect to a broker, once."""
        return self._connect(*self._nodes[node_id])

    def coordinator_of(self, group_id: str) -> int:
        """Find the broker that coordinates a group."""
        from time import sleep  # noqa: PLC0415 - rarely needed

        for _ in range(COORDINATOR_TRIES):
            found = self._find_coordinator(group_id)
            code = ErrorCode(found.error_code)
            if code is ErrorCode.NONE:
                self._nodes.setdefault(found.node_id, (found.host, found.port))
                return int(found.node_id)
            if code not in WAITING:
                raise KafkaError(code, found.error_message)
            sleep(COORDINATOR_PAUSE_S)
        raise Unreachable(f"No broker coordinates the group {group_id}.")

    def offsets_at(self, places: "Iterable[Place]", timestamp: int) -> dict[Place, int]:
        """Find the first offset at or after a timestamp; -1 where there is none that late.

        Partitions that do not exist are left out.
        """
        by_leader: dict[int, list[Place]] = {}
        for place in places:
            if place in self._leaders:
                by_leader.setdefault(self._leaders[place], []).append(place)
        found: dict[Place, int] = {}
        for leader_id, led in by_leader.items():
            if leader_id in self._nodes:
                found |= self._offsets_at(leader_id, led, timestamp)
        return found

    def _offsets_at(
        self, leader_id: int, places: "Sequence[Place]", timestamp: int
    ) -> dict[Place, int]:
        asked: dict[str, list[ListOffsetsRequest.ListOffsetsPartition]] = {}
        for place in places:
            asked.setdefault(place.topic, []).append(
                ListOffsetsRequest.ListOffsetsPartition(
                    partition_index=place.partition, timestamp=timestamp
                )
            )
        topics = [
            ListOffsetsRequest.ListOffsetsTopic(name=name, partitions=partitions)
            for name, partitions in asked.items()
        ]
        answer = self.ask(leader_id, ListOffsetsRequest(replica_id=CONSUMER, topics=topics))
        found: dict[Place, int] = {}
        for topic in answer.topics:
            for partition in topic.partitions:
                place = Place(topic.name, partition.partition_index)
                if partition.error_code != ErrorCode.NONE:
                    raise KafkaError(ErrorCode(partition.error_code), f"of {place}")
                found[place] = partition.offset
        return found

    def _find_coordinator(self, group_id: str) -> Any:
        version = self._bootstrap.version_of(FindCoordinatorRequest)
        if version is not None and version >= 4:
            request = FindCoordinatorRequest(coordinator_keys=[group_id])
            (found,) = self._bootstrap.ask(request).coordinators
            return found
        return self._bootstrap.ask(FindCoordinatorRequest(key=group_id))

    def _first_reachable(self, bootstrap_servers: str) -> Connection:
        failure = Unreachable("No bootstrap server was given.")
        for server in bootstrap_servers.split(","):
            try:
                return self._connect(*_parse(server))
            except Unreachable as error:
                failure = error
        raise failure

    def _connect(self, host: str, port: int) -> Connection:
        connection = self._open.get((host, port))
        if connection is None:
            connection = self._open[host, port] = Connection(host, port)
        return connection


def _parse(server: str) -> tuple[str, int]:
    """Read host:port; without a port it is Kafka's, and an IPv6 address stands in brackets."""
    host, colon, port = server.strip().rpartition(":")
    if not colon or port.endswith("]"):
        host, port = server.strip(), str(DEFAULT_PORT)
    if not (host and port.isascii() and port.isdigit()):
        raise Unreachable(f"{server} is not host:port.")
    return host.strip("[]"), int(port)
