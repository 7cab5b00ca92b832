"""A consumer as the clients' libraries have it, whichever protocol it speaks.

It does one thing at a time. What was asked in an earlier turn means nothing any more, nor does an
alarm that was set in one. A sleeping consumer does nothing, and does what is due when it wakes up.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from pybroker.errors import ErrorCode
from pybroker.protocol.offset_commit import OffsetCommitRequest

if TYPE_CHECKING:
    from tests.support.simulation.ledger import Partition
    from tests.support.simulation.world import World

BACKOFF_MS = 100
REQUEST_TIMEOUT_MS = 3_000
NO_ID = bytes(16)


class Client(ABC):
    """A member, or somebody who wants to be one. `epoch` is its generation or member epoch."""

    KIND: ClassVar[str]
    COMMIT_VERSION: ClassVar[int]

    def __init__(self, world: "World", name: str, instance: str | None) -> None:
        self.world = world
        self.name = name
        self.instance = instance
        self.topics = world.some_topics()
        self.is_up = False
        self.asleep_until_ms = 0
        self.turn = 0
        self.member_id = ""
        self.epoch = -1
        self.owned: frozenset[Partition] = frozenset()

    @property
    def owner(self) -> str:
        """Under which name it owns: an instance keeps what it has over a restart."""
        return self.instance or self.member_id

    # What happens to it.

    def start(self) -> None:
        """Begin as a new process."""
        self.is_up = True
        self.member_id = ""
        self.forget()
        self.join()

    def stop(self) -> None:
        """End without a word."""
        self.is_up = False
        self.turn += 1

    @abstractmethod
    def leave(self) -> None:
        """Say good-bye, and end."""

    def may_change(self) -> bool:
        """Whether the group would learn of it for certain."""
        return True

    def subscribe(self, topics: frozenset[str]) -> None:
        """Read other topics from now on."""
        if self.topics != topics:
            self.topics = topics
            self.subscription_changed()

    @abstractmethod
    def subscription_changed(self) -> None:
        """Tell the group."""

    @abstractmethod
    def join(self) -> None:
        """Ask to be let in, as who it is."""

    def forget(self) -> None:
        """Own nothing, in no epoch."""
        self.epoch = -1
        self.owned = frozenset()

    # Doing things in turn.

    def ask(
        self,
        ask: Callable[[], Any],
        receive: Callable[[Any], None],
        *,
        no_answer: Callable[[], None],
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> None:
        """Begin a turn: ask, and do something else when no answer comes in time."""
        self.turn += 1
        turn = self.turn
        self.world.send(ask, lambda response: self._in_turn(turn, lambda: receive(response)))
        self.world.after(timeout_ms, lambda: self._in_turn(turn, no_answer))

    def later(self, delay_ms: int, act: Callable[[], None]) -> None:
        """Begin a turn: wait."""
        self.turn += 1
        turn = self.turn
        self.world.after(delay_ms, lambda: self._in_turn(turn, act))

    def _in_turn(self, turn: int, act: Callable[[], None]) -> None:
        if turn != self.turn or not self.is_up:
            return
        asleep_ms = self.asleep_until_ms - self.world.now_ms
        if asleep_ms > 0:
            self.world.after(asleep_ms, lambda: self._in_turn(turn, act))
        else:
            act()

    @abstractmethod
    def owned_topics(self) -> list[tuple[str, bytes, list[int]]]:
        """Give name or id, and indexes, of what it owns."""

    # Commits go beside the turns, as those of the libraries do.

    def commit(self) -> None:
        """Commit what it owns, in its epoch."""
        if not self.owned:
            return
        epoch, owner = self.epoch, self.owner
        request = OffsetCommitRequest(
            group_id=self.world.GROUP,
            generation_id_or_member_epoch=epoch,
            member_id=self.member_id,
            group_instance_id=self.instance,
            topics=[
                OffsetCommitRequest.Topic(
                    name=name,
                    topic_id=topic_id,
                    partitions=[
                        OffsetCommitRequest.Partition(
                            partition_index=index,
                            committed_offset=self.world.now_ms,
                            committed_metadata="",
                        )
                        for index in indexes
                    ],
                )
                for name, topic_id, indexes in self.owned_topics()
            ],
        )
        names = self.world.topic_names

        def deliver() -> Any:
            response = self.world.coordinator.commit_offsets(
                request, self.world.caller(self.COMMIT_VERSION, self.name)
            )
            accepted = [
                (topic.name or names[topic.topic_id], partition.partition_index)
                for topic in response.topics
                for partition in topic.partitions
                if partition.error_code == ErrorCode.NONE
            ]
            is_present = self.world.is_present(request.member_id, epoch)
            self.world.ledger.commit(accepted, epoch, owner, is_present=is_present)
            return response

        self.world.send(deliver, lambda _: None)


def unexpected(client: Client, code: int) -> AssertionError:
    """Fail because a client was told what it should never be."""
    return AssertionError(f"{client.KIND} {client.name} was told {ErrorCode(code).name}")


def partitions_of(topics: Iterable[tuple[str, Iterable[int]]]) -> "frozenset[Partition]":
    """Flatten topics with their partitions."""
    return frozenset((name, index) for name, indexes in topics for index in indexes)
