"""What the tests need of a client library, whichever it is.

Promises:
  * Every call blocks until it is done, or raises what the library raises; no event loop is needed.
  * `Library.close` closes whatever was made and is still open, the youngest first.
  * Group members never commit by themselves.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple, Self, TypeVar

# How long a producer may try, over restarts of the broker.
DELIVERY_TIMEOUT_S = 60.0
REQUEST_TIMEOUT_MS = 20_000
RETRY_BACKOFF_MS = 50
RECONNECT_BACKOFF_MS = 20
RECONNECT_BACKOFF_MAX_MS = 200
# Records of a megabyte, with room for what is around them.
MAX_REQUEST_BYTES = 4 * 1024 * 1024
SESSION_TIMEOUT_MS = 6_000
HEARTBEAT_INTERVAL_MS = 200
FETCH_MAX_WAIT_MS = 500

TopicPartition = tuple[str, int]


class Message(NamedTuple):
    """What a test has written."""

    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp_ms: int | None = None
    partition: int | None = None


class Record(NamedTuple):
    """What a consumer has read."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class TopicDescription(NamedTuple):
    """A topic as the admin API shows it: leader and replicas by partition."""

    leaders: dict[int, int]
    replicas: dict[int, list[int]]


class GroupDescription(NamedTuple):
    """A group as the admin API shows it."""

    state: str
    protocol: str
    client_ids: list[str]


class Sent(ABC):
    """A record on its way."""

    @abstractmethod
    def wait(self) -> "Position":
        """Wait until it is acknowledged; raise when it never will be."""


class Position(NamedTuple):
    """Where an acknowledged record is."""

    partition: int
    offset: int


class Producer(ABC):
    """A producer. Everything that it sends goes to the broker without waiting for more."""

    @abstractmethod
    def send(self, topic: str, message: Message) -> Sent:
        """Hand a record over."""

    @abstractmethod
    def flush(self) -> None:
        """Wait for every record."""

    @abstractmethod
    def close(self) -> None:
        """Wait for every record and end."""

    def send_all(self, topic: str, messages: Sequence[Message]) -> list["Position"]:
        """Send, and wait for the acknowledgements."""
        on_their_way = [self.send(topic, message) for message in messages]
        self.flush()
        return [each.wait() for each in on_their_way]


class Consumer(ABC):
    """A consumer that is assigned partitions or is a member of a group."""

    @abstractmethod
    def poll(self, timeout_s: float) -> list[Record]:
        """Give what there is, or wait for it so long."""

    @abstractmethod
    def assignment(self) -> set[TopicPartition]:
        """Give the partitions that it reads now."""

    @abstractmethod
    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Store positions of the group."""

    @abstractmethod
    def committed(self, partition: TopicPartition) -> int | None:
        """Give the stored position of the group."""

    @abstractmethod
    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read on from there."""

    @abstractmethod
    def offset_for_time(self, partition: TopicPartition, timestamp_ms: int) -> int | None:
        """Find the first record at or after a timestamp; None when there is none."""

    @abstractmethod
    def bounds(self, partition: TopicPartition) -> tuple[int, int]:
        """Give the first offset and the one behind the last."""

    @abstractmethod
    def close(self) -> None:
        """Leave the group and end."""


class Admin(ABC):
    """An admin client. Errors are raised with Kafka's name of the error in their text."""

    @abstractmethod
    def create_topic(
        self,
        name: str,
        partitions: int,
        replication_factor: int = 1,
        configs: Mapping[str, str] | None = None,
    ) -> None:
        """Create a topic."""

    @abstractmethod
    def delete_topic(self, name: str) -> None:
        """Delete a topic."""

    @abstractmethod
    def delete_records(self, partition: TopicPartition, offset: int) -> None:
        """Delete what is before an offset."""

    @abstractmethod
    def create_partitions(self, name: str, total: int) -> None:
        """Let a topic have so many partitions."""

    @abstractmethod
    def topics(self) -> set[str]:
        """Give the names of all topics."""

    @abstractmethod
    def describe_topic(self, name: str) -> TopicDescription:
        """Describe a topic."""

    @abstractmethod
    def topic_config(self, name: str) -> dict[str, str | None]:
        """Give the configs of a topic."""

    @abstractmethod
    def cluster(self) -> tuple[set[int], int]:
        """Give the node ids and the controller's."""

    @abstractmethod
    def groups(self) -> set[str]:
        """Give the names of all groups."""

    @abstractmethod
    def describe_group(self, group_id: str) -> GroupDescription:
        """Describe a group."""

    @abstractmethod
    def delete_group(self, group_id: str) -> None:
        """Delete a group."""

    @abstractmethod
    def close(self) -> None:
        """End."""


ClosableT = TypeVar("ClosableT", Producer, Consumer, Admin)


class Library(ABC):
    """One client library against one cluster."""

    NAME: ClassVar[str]
    ASSIGNORS: ClassVar[frozenset[str]]

    def __init__(self, bootstrap_servers: str) -> None:
        self.bootstrap_servers = bootstrap_servers
        self._open: list[Producer | Consumer | Admin] = []

    def producer(
        self, *, compression: str = "none", idempotent: bool = True, acks: int = -1
    ) -> Producer:
        """Make a producer."""
        return self._keep(self._producer(compression, idempotent, acks))

    def reader(
        self,
        topic: str,
        partitions: Sequence[int] = (0,),
        *,
        fetch_max_wait_ms: int = FETCH_MAX_WAIT_MS,
    ) -> Consumer:
        """Make a consumer of these partitions that begins at their start and has no group."""
        return self._keep(self._reader(topic, partitions, fetch_max_wait_ms))

    def member(
        self,
        group_id: str,
        topic: str,
        *,
        client_id: str = "member",
        instance_id: str | None = None,
        assignor: str = "range",
        session_timeout_ms: int = SESSION_TIMEOUT_MS,
    ) -> Consumer:
        """Make a member of a group, that begins at its committed offsets or at the start."""
        options = MemberOptions(
            group_id, topic, client_id, instance_id, assignor, session_timeout_ms
        )
        return self._keep(self._member(options))

    def admin(self) -> Admin:
        """Make an admin client."""
        return self._keep(self._admin())

    def forget(self, made: Producer | Consumer | Admin) -> None:
        """Leave the end of something to the test."""
        self._open.remove(made)

    def close(self) -> None:
        """Close what is open."""
        while self._open:
            self._open.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _keep(self, made: ClosableT) -> ClosableT:
        self._open.append(made)
        return made

    @abstractmethod
    def _producer(self, compression: str, idempotent: bool, acks: int) -> Producer: ...

    @abstractmethod
    def _reader(
        self, topic: str, partitions: Sequence[int], fetch_max_wait_ms: int
    ) -> Consumer: ...

    @abstractmethod
    def _member(self, options: "MemberOptions") -> Consumer: ...

    @abstractmethod
    def _admin(self) -> Admin: ...


class MemberOptions(NamedTuple):
    """How somebody is a member of a group."""

    group_id: str
    topic: str
    client_id: str
    instance_id: str | None
    assignor: str
    session_timeout_ms: int
