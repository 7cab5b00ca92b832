"""Topics that a group subscribes to come, go and grow: noticed at once, and acted on at once.

Kafka looks at the next heartbeat; here the target is there already when it comes.
"""

from typing import TYPE_CHECKING

from pybroker.groups.consumer.subscription import metadata_hash, note_subscriptions, note_topics
from pybroker.groups.consumer.target import assign_if_due, raise_epoch
from pybroker.groups.rebalances import RebalanceReason

if TYPE_CHECKING:
    from collections.abc import Collection

    from pybroker.groups.consumer.group import ConsumerGroup
    from pybroker.groups.decision import Decision
    from pybroker.metadata.topics import Topics


def notice_topics(
    group: "ConsumerGroup", topics: "Topics", changed: "Collection[str]", decision: "Decision"
) -> None:
    """Rebalance if topics that came, went or grew are among the group's."""
    if note_topics(group, topics, changed) and metadata_hash(group, topics) != group.metadata_hash:
        _rebalance(group, topics, decision)


def notice_what_was_missed(group: "ConsumerGroup", topics: "Topics", decision: "Decision") -> None:
    """Rebalance a group that was just loaded, if its topics are not what they were."""
    stored_hash = group.metadata_hash
    note_subscriptions(group, topics)
    if group.members and group.metadata_hash != stored_hash:
        _rebalance(group, topics, decision)


def _rebalance(group: "ConsumerGroup", topics: "Topics", decision: "Decision") -> None:
    why = "topics that it reads came, went or grew"
    raise_epoch(group, topics, RebalanceReason.TOPICS_CHANGED, why, decision)
    assign_if_due(group, topics, decision)
