"""From the store to a group: the rows of either kind, applied to an empty state."""

from typing import TYPE_CHECKING

from pybroker.groups import offsets
from pybroker.groups.classic import leaderless, rebalance, snapshot
from pybroker.groups.classic.group import ClassicGroup
from pybroker.groups.classic.state import GroupState
from pybroker.groups.consumer import snapshot as consumer_snapshot
from pybroker.groups.consumer.group import ConsumerGroup
from pybroker.groups.consumer.topic_changes import notice_what_was_missed
from pybroker.groups.rebalances import RebalanceReason
from pybroker.store import consumer_groups as stored_consumer
from pybroker.store import groups as stored

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pybroker.groups.configs import GroupConfigs
    from pybroker.groups.decision import Decision
    from pybroker.metadata.topics import Topics
    from pybroker.store import Store


def load(
    store: "Store",
    group_id: str,
    configs: "GroupConfigs",
    topics: "Topics",
    decision: "Decision",
) -> ClassicGroup | ConsumerGroup | None:
    """Make a group of what the store has, and notice what changed meanwhile; None if nothing."""
    consumer_group = load_consumer(stored_consumer.load(store, group_id), configs, decision)
    changes = stored.load(store, group_id)
    if consumer_group is None:
        group = load_classic(changes, configs, decision)
        if group is not None:
            _require_size(group, decision)
            leaderless.notice_topics(group, topics, decision)
        return group
    for change in changes:
        if isinstance(change, stored.OffsetCommitted):
            offsets.apply_offset(consumer_group, change)
    notice_what_was_missed(consumer_group, topics, decision)
    return consumer_group


def load_classic(
    changes: "Iterable[stored.GroupSet | stored.GroupMemberSet | stored.OffsetCommitted]",
    configs: "GroupConfigs",
    decision: "Decision",
) -> ClassicGroup | None:
    """Make a classic group; None if there is nothing of it."""
    group: ClassicGroup | None = None
    has_leader = False
    for change in changes:
        if group is None:
            group = ClassicGroup(change.group_id, configs, decision.wall_ms)
        match change:
            case stored.GroupSet():
                has_leader = change.leader_id is not None
                snapshot.apply_group(group, change)
            case stored.GroupMemberSet():
                snapshot.apply_member(group, change, decision.now_ms)
            case stored.OffsetCommitted():
                offsets.apply_offset(group, change)
    if group is not None and group.members and not has_leader:
        # It was downgraded, and its members had not met in a generation of their own yet.
        line = "loaded with assignments of the consumer protocol"
        rebalance.prepare(group, RebalanceReason.GROUP_CONVERTED, line, decision)
    return group


def load_consumer(
    changes: "Iterable[stored_consumer.ConsumerGroupChange]",
    configs: "GroupConfigs",
    decision: "Decision",
) -> ConsumerGroup | None:
    """Make a consumer group, without offsets; None if it is not one."""
    group: ConsumerGroup | None = None
    for change in changes:
        if group is None:
            assert isinstance(change, stored_consumer.ConsumerGroupSet)
            group = ConsumerGroup(change.group_id, configs, change.state_timestamp_ms)
        consumer_snapshot.apply(group, change, decision.now_ms)
    return group


def _require_size(group: ClassicGroup, decision: "Decision") -> None:
    """Rebalance a group that is too large: the last to join again will find no room."""
    max_size = group.configs.group_max_size
    if len(group.members) > max_size and group.state is GroupState.STABLE:
        rebalance.prepare(
            group,
            RebalanceReason.GROUP_TOO_LARGE,
            f"loaded with more members than group.max.size, {max_size}",
            decision,
        )
