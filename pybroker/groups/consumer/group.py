"""A consumer group (KIP-848): its members, its epochs, its target assignment, and who owns what.

Promises that hold between any two decisions:
  * `member epoch <= target_epoch <= group_epoch` for every member but those that left with -2.
  * `owners` maps each partition that a member has, or must still give up, to that one member.
  * `static_members` maps the instance ids of members to them and to nobody else.
  * `unsettled` holds the members that are not reconciled to `target_epoch`.
  * `targets` has members of the group only, and no partition twice.
  * `wake_at_ms` is not later than the earliest deadline.
"""

from typing import TYPE_CHECKING, ClassVar

from pybroker.errors import ErrorCode
from pybroker.groups.consumer.member import NO_TARGET
from pybroker.groups.consumer.state import ConsumerGroupState
from pybroker.groups.group import CONSUMER_PROTOCOL_TYPE, NEVER_MS, Group

if TYPE_CHECKING:
    from pybroker.groups.configs import GroupConfigs
    from pybroker.groups.consumer.member import Assigned, ConsumerMember, Target
    from pybroker.groups.consumer.state import MemberState
    from pybroker.groups.group import PartitionCheck

# The epoch of a group that nobody has joined yet, as Kafka counts.
NEW_GROUP_EPOCH = 1
# The first version of OffsetCommit that knows member epochs.
MEMBER_EPOCH_VERSION = 9


class ConsumerGroup(Group):
    """One group.

    `metadata_hash` stands for the topics that it subscribes to, as they were when the group epoch
    was raised last; `resolved` has the topics of each regular expression of a member, and
    `subscribed_names` all that members ask for, whether it exists or not.
    `changed_at_ms` is when the group epoch was raised, `assigned_at_ms` when the target was
    computed; None after a restart. `is_to_be_downgraded` says that the last member that spoke the
    consumer protocol is gone, `is_missing_member` that nobody took its place.
    """

    TYPE: ClassVar[str] = "consumer"

    __slots__ = (
        "assigned_at_ms",
        "changed_at_ms",
        "group_epoch",
        "is_missing_member",
        "is_to_be_downgraded",
        "members",
        "metadata_hash",
        "owners",
        "resolved",
        "static_members",
        "subscribed_names",
        "target_epoch",
        "targets",
        "unsettled",
    )

    def __init__(self, group_id: str, configs: "GroupConfigs", state_timestamp_ms: int) -> None:
        super().__init__(group_id, configs, state_timestamp_ms)
        self.group_epoch = NEW_GROUP_EPOCH
        self.target_epoch = NEW_GROUP_EPOCH
        self.metadata_hash = 0
        self.members: dict[str, ConsumerMember] = {}
        self.static_members: dict[str, str] = {}
        self.targets: dict[str, Target] = {}
        self.owners: dict[bytes, dict[int, str]] = {}
        self.resolved: dict[str, frozenset[str]] = {}
        self.subscribed_names: frozenset[str] = frozenset()
        self.unsettled: set[str] = set()
        self.is_to_be_downgraded = False
        self.is_missing_member = False
        self.changed_at_ms: int | None = None
        self.assigned_at_ms: int | None = None

    # Members.

    def add(self, member: "ConsumerMember") -> None:
        """Take in a member, who owns nothing yet."""
        assert member.member_id not in self.members
        assert not member.assigned
        assert not member.pending_revocation
        self.members[member.member_id] = member
        if member.instance_id is not None:
            self.static_members[member.instance_id] = member.member_id
        self.note_progress(member)

    def discard(self, member: "ConsumerMember") -> None:
        """Take out a member; what it owned is free."""
        self._release(member)
        del self.members[member.member_id]
        self.targets.pop(member.member_id, None)
        self.unsettled.discard(member.member_id)
        if (
            member.instance_id is not None
            and self.static_members.get(member.instance_id) == member.member_id
        ):
            del self.static_members[member.instance_id]

    def set_instance(self, member: "ConsumerMember", instance_id: str | None) -> None:
        """Give a member another instance id."""
        if member.instance_id is not None:
            self.static_members.pop(member.instance_id, None)
        member.instance_id = instance_id
        if instance_id is not None:
            self.static_members[instance_id] = member.member_id

    def static_member(self, instance_id: str) -> "ConsumerMember | None":
        """Find who has an instance id."""
        member_id = self.static_members.get(instance_id)
        return None if member_id is None else self.members[member_id]

    def may_be_downgraded(self) -> bool:
        """Whether nobody is left who speaks the consumer protocol, and it may become classic."""
        return (
            bool(self.members)
            and self.configs.may_downgrade()
            and len(self.members) <= self.configs.group_max_size
            and all(member.classic is not None for member in self.members.values())
        )

    # Assignments.

    def assign(
        self,
        member: "ConsumerMember",
        state: "MemberState",
        member_epoch: int,
        assigned: "Assigned",
        pending_revocation: "Assigned",
    ) -> None:
        """Let a member take its next step."""
        self._release(member)
        member.state = state
        member.previous_member_epoch = member.member_epoch
        member.member_epoch = member_epoch
        member.assigned = assigned
        member.pending_revocation = pending_revocation
        self.own(member)

    def own(self, member: "ConsumerMember") -> None:
        """Note what a member owns."""
        for owned in (member.assigned, member.pending_revocation):
            for topic_id, partitions in owned.items():
                owners = self.owners.setdefault(topic_id, {})
                for partition in partitions:
                    assert partition not in owners, f"{topic_id!r}-{partition} has two owners"
                    owners[partition] = member.member_id
        self.note_progress(member)

    def _release(self, member: "ConsumerMember") -> None:
        for owned in (member.assigned, member.pending_revocation):
            for topic_id, partitions in owned.items():
                owners = self.owners[topic_id]
                for partition in partitions:
                    assert owners[partition] == member.member_id
                    del owners[partition]
                if not owners:
                    del self.owners[topic_id]

    def note_progress(self, member: "ConsumerMember") -> None:
        """Note whether a member is where it should be."""
        if member.is_reconciled_to(self.target_epoch):
            self.unsettled.discard(member.member_id)
        else:
            self.unsettled.add(member.member_id)

    def target_of(self, member_id: str) -> "Target":
        """Give what a member shall have."""
        return self.targets.get(member_id, NO_TARGET)

    def waits_for_others(self, member: "ConsumerMember") -> bool:
        """Whether others own a part of its target."""
        for topic_id, target in self.target_of(member.member_id).items():
            owners = self.owners.get(topic_id)
            if owners and any(
                owners.get(partition, member.member_id) != member.member_id for partition in target
            ):
                return True
        return False

    # What is asked of groups of every kind.

    @property
    def state(self) -> ConsumerGroupState:
        """How far behind it is."""
        if not self.members:
            return ConsumerGroupState.EMPTY
        if self.group_epoch > self.target_epoch:
            return ConsumerGroupState.ASSIGNING
        return ConsumerGroupState.RECONCILING if self.unsettled else ConsumerGroupState.STABLE

    @property
    def state_name(self) -> str:
        """The state, as Kafka writes it."""
        return self.state.value

    @property
    def type_of_protocol(self) -> str:
        """Only consumers come by this protocol."""
        return CONSUMER_PROTOCOL_TYPE

    @property
    def member_count(self) -> int:
        """How many members it has."""
        return len(self.members)

    @property
    def is_empty(self) -> bool:
        """Whether nobody is in it."""
        return not self.members

    @property
    def is_blank(self) -> bool:
        """Whether nobody was ever in it, and it has no offsets."""
        return self.group_epoch == NEW_GROUP_EPOCH and self.is_abandoned

    def subscribes_to(self, topic: str) -> bool:
        """Whether a member asked for the topic, by name or by a regular expression."""
        return topic in self.subscribed_names

    def validate_commit(
        self,
        *,
        member_id: str,
        group_instance_id: str | None,
        epoch: int,
        api_version: int,
        is_transactional: bool,
    ) -> "tuple[ErrorCode, PartitionCheck | None]":
        """Judge a commit: by the member's epoch, and for an older one by each partition's."""
        if epoch < 0 and not self.members:
            return ErrorCode.NONE, None
        if is_transactional and epoch == -1 and not member_id and group_instance_id is None:
            return ErrorCode.NONE, None
        member = self.members.get(member_id)
        if member is None:
            return ErrorCode.UNKNOWN_MEMBER_ID, None
        is_classic = member.classic is not None
        if not (is_transactional or is_classic) and api_version < MEMBER_EPOCH_VERSION:
            return ErrorCode.UNSUPPORTED_VERSION, None
        if epoch == member.member_epoch:
            return ErrorCode.NONE, None
        stale = ErrorCode.ILLEGAL_GENERATION if is_classic else ErrorCode.STALE_MEMBER_EPOCH
        if epoch > member.member_epoch:
            return stale, None

        def check(topic_id: bytes, partition: int) -> ErrorCode:
            # KIP-1251: nobody else can have had the partition since.
            since = member.assignment_epoch(topic_id, partition)
            return stale if since is None or epoch < since else ErrorCode.NONE

        return ErrorCode.NONE, check

    def validate_fetch(self, member_id: str | None, member_epoch: int) -> ErrorCode:
        """Judge an OffsetFetch: a member's by its epoch, which must be the present one."""
        if member_id is None and member_epoch < 0:
            return ErrorCode.NONE
        member = self.members.get(member_id or "")
        if member is None:
            return ErrorCode.UNKNOWN_MEMBER_ID
        if member_epoch == member.member_epoch:
            return ErrorCode.NONE
        is_classic = member.classic is not None
        return ErrorCode.ILLEGAL_GENERATION if is_classic else ErrorCode.STALE_MEMBER_EPOCH

    def validate_offset_delete(self) -> ErrorCode:
        """Judge an OffsetDelete: topics that are subscribed to are refused one by one."""
        return ErrorCode.NONE

    def note_commit(self, member_id: str, now_ms: int) -> None:
        """Leave sessions alone: only heartbeats extend them."""

    # Deadlines.

    def session_timeout_ms(self, member: "ConsumerMember") -> int:
        """Give how long a member may be silent."""
        if member.classic is not None:
            return member.classic.session_timeout_ms
        return self.configs.consumer_session_timeout_ms(self.group_id)

    def extend_session(self, member: "ConsumerMember", now_ms: int) -> None:
        """Let a member's session begin anew."""
        member.session_deadline_ms = now_ms + self.session_timeout_ms(member)
        self.wake_by(member.session_deadline_ms)

    def next_deadline_ms(self) -> int:
        """Find the earliest deadline."""
        return min(
            (each for member in self.members.values() for each in member.deadlines_ms()),
            default=NEVER_MS,
        )
