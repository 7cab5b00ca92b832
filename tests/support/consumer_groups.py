"""What must hold of a consumer group between any two decisions."""

from pybroker.groups.consumer import snapshot
from pybroker.groups.consumer.group import ConsumerGroup
from pybroker.groups.consumer.member import LEAVE_STATIC_EPOCH
from pybroker.groups.consumer.state import MemberState
from pybroker.metadata.topics import Topics


def consumer_changes(group: ConsumerGroup) -> list[tuple[str, str]]:
    """What the store has of a group, in an order that does not depend on who came when."""
    return sorted((type(change).__name__, repr(change)) for change in snapshot.changes_of(group))


def check_consumer_invariants(group: ConsumerGroup, topics: Topics) -> None:
    """What `ConsumerGroup` promises."""
    members = group.members
    owners: dict[tuple[bytes, int], str] = {}
    for member_id, member in members.items():
        assert member.member_id == member_id
        for owned in (member.assigned, member.pending_revocation):
            for topic_id, partitions in owned.items():
                assert partitions
                for partition, epoch in partitions.items():
                    assert owners.setdefault((topic_id, partition), member_id) == member_id
                    assert epoch <= group.target_epoch
        if member.member_epoch != LEAVE_STATIC_EPOCH:
            assert 0 <= member.member_epoch <= group.target_epoch
        if member.state is not MemberState.UNREVOKED_PARTITIONS:
            assert not member.pending_revocation
        if member.is_reconciled_to(group.target_epoch) and group.group_epoch == group.target_epoch:
            has = {
                topic_id: frozenset(partitions) for topic_id, partitions in member.assigned.items()
            }
            assert has == group.target_of(member_id)
    assert owners == {
        (topic_id, partition): member_id
        for topic_id, partitions in group.owners.items()
        for partition, member_id in partitions.items()
    }
    assert group.target_epoch <= group.group_epoch
    assert group.static_members == {
        member.instance_id: member_id
        for member_id, member in members.items()
        if member.instance_id is not None
    }
    assert group.unsettled == {
        member_id
        for member_id, member in members.items()
        if not member.is_reconciled_to(group.target_epoch)
    }
    _check_targets(group, topics)
    assert group.resolved.keys() == {
        member.subscribed_topic_regex for member in members.values()
    } - {""}
    assert group.wake_at_ms <= group.next_deadline_ms()


def _check_targets(group: ConsumerGroup, topics: Topics) -> None:
    assert group.targets.keys() <= group.members.keys()
    given: set[tuple[bytes, int]] = set()
    for target in group.targets.values():
        for topic_id, partitions in target.items():
            assert partitions
            for partition in partitions:
                assert (topic_id, partition) not in given
                given.add((topic_id, partition))
    names = {name for member in group.members.values() for name in member.subscribed_topic_names}
    names.update(*group.resolved.values())
    assert group.subscribed_names == names
    if group.group_epoch != group.target_epoch:
        return
    wanted = {
        (topic.topic_id, partition)
        for name in names
        if (topic := topics.by_name.get(name)) is not None
        for partition in range(len(topic.partitions))
    }
    assert given == wanted
