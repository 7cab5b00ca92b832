"""A consumer of the consumer protocol (KIP-848): the coordinator tells it what to have, and it says
what it has once it has given back the rest.
"""

from typing import Any

from pybroker.errors import ErrorCode
from pybroker.protocol.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from tests.support.simulation.client import BACKOFF_MS, Client, unexpected

# Partitions are known by the ids of their topics: one that is created anew is another topic.
TopicIdPartition = tuple[bytes, int]

REBALANCE_MS = 10_000
REVOKE_MS_MAX = 200
EXPRESSIONS = 0.3  # This part of all that is told of topics is a regular expression.
VERSION = 1


class ConsumerClient(Client):
    """Heartbeats with what changed, and with everything after something went wrong."""

    KIND = "consumer"
    COMMIT_VERSION = 10

    def forget(self) -> None:
        super().forget()
        self.epoch = 0
        self.owned_ids: frozenset[TopicIdPartition] = frozenset()
        self.is_all_told = False
        self.is_owned_told = False

    def owned_topics(self) -> list[tuple[str, bytes, list[int]]]:
        by_id: dict[bytes, list[int]] = {}
        for topic_id, index in sorted(self.owned_ids):
            by_id.setdefault(topic_id, []).append(index)
        return [("", topic_id, indexes) for topic_id, indexes in by_id.items()]

    def join(self) -> None:
        if not self.member_id:
            self.member_id = self.world.new_member_id(self.name)
        self.forget()
        self.heartbeat()

    def subscription_changed(self) -> None:
        self.is_all_told = False

    # One heartbeat, which is every request there is.

    def heartbeat(self) -> None:
        if self.epoch > 0 and self.world.random.random() < 0.3:
            self.commit()
        request = self._request()
        owner = self.owner

        def deliver() -> Any:
            response = self.world.coordinator.consumer_heartbeat(
                request, self.world.caller(VERSION, self.name)
            )
            self._note_given(request.member_id, owner)
            return response

        self.is_all_told = self.is_owned_told = True
        self.ask(deliver, self._heard, no_answer=self._not_heard)

    def _request(self) -> ConsumerGroupHeartbeatRequest:
        request = ConsumerGroupHeartbeatRequest(
            group_id=self.world.GROUP, member_id=self.member_id, member_epoch=self.epoch
        )
        if not self.is_all_told:
            request.instance_id = self.instance
            request.rebalance_timeout_ms = REBALANCE_MS
            request.server_assignor = self.world.random.choice([None, "range", "uniform"])
            names = sorted(self.topics)
            by_expression = len(names) if self.world.random.random() < EXPRESSIONS else 0
            if by_expression:
                by_expression = self.world.random.randrange(1, by_expression + 1)
            request.subscribed_topic_names = names[by_expression:]
            request.subscribed_topic_regex = "|".join(names[:by_expression])
        if not self.is_all_told or not self.is_owned_told:
            request.topic_partitions = [
                ConsumerGroupHeartbeatRequest.TopicPartitions(topic_id=topic_id, partitions=indexes)
                for _, topic_id, indexes in self.owned_topics()
            ]
        return request

    def _note_given(self, member_id: str, owner: str) -> None:
        member = self.world.consumer_member(member_id)
        if member is not None and member.member_epoch > 0:
            names = self.world.topic_names
            given = [
                (names[topic_id], index)
                for topic_id, indexes in member.assigned.items()
                for index in indexes
            ]
            self.world.ledger.give(given, member.member_epoch, owner)

    def _not_heard(self) -> None:
        self.is_all_told = False
        self.heartbeat()

    def _heard(self, response: Any) -> None:
        if response.error_code != ErrorCode.NONE:
            self._refused(response.error_code)
            return
        self.epoch = response.member_epoch
        if response.assignment is None:
            self.later(response.heartbeat_interval_ms, self.heartbeat)
            return
        wanted = frozenset(
            (each.topic_id, index)
            for each in response.assignment.topic_partitions
            for index in each.partitions
        )
        if self.owned_ids - wanted:
            # Giving back takes a while: the work is finished and committed first.
            self.commit()
            delay_ms = self.world.random.randrange(REVOKE_MS_MAX)
            self.later(delay_ms, lambda: self._reconciled(wanted))
        else:
            self._reconciled(wanted)

    def _reconciled(self, wanted: frozenset[TopicIdPartition]) -> None:
        names = self.world.topic_names
        self.owned_ids = wanted
        self.owned = frozenset((names[topic_id], index) for topic_id, index in wanted)
        self.is_owned_told = False
        self.heartbeat()

    def _refused(self, code: int) -> None:
        match ErrorCode(code):
            case ErrorCode.FENCED_MEMBER_EPOCH | ErrorCode.UNKNOWN_MEMBER_ID:
                self.forget()
            case ErrorCode.GROUP_ID_NOT_FOUND:
                # Its group is another by now, or gone.
                self.forget()
            case ErrorCode.FENCED_INSTANCE_ID | ErrorCode.UNRELEASED_INSTANCE_ID:
                # It ends, and a supervisor starts it again.
                self.member_id = ""
                self.forget()
            case ErrorCode.NOT_COORDINATOR:
                self.is_all_told = False
                self.later(BACKOFF_MS, self.heartbeat)
                return
            case other:
                raise unexpected(self, other)
        self.later(BACKOFF_MS, self.join)

    def leave(self) -> None:
        if self.member_id and self.epoch > 0:
            request = ConsumerGroupHeartbeatRequest(
                group_id=self.world.GROUP,
                member_id=self.member_id,
                member_epoch=-1 if self.instance is None else -2,
                instance_id=self.instance,
            )
            caller = self.world.caller
            self.world.send(
                lambda: self.world.coordinator.consumer_heartbeat(
                    request, caller(VERSION, self.name)
                ),
                lambda _: None,
            )
        self.stop()
