"""Topics that a group subscribes to come, go and grow: noticed at once, and acted on at once.

Kafka looks at the next heartbeat; here the target is there already when it comes.
"""

from typing import TYPE_CHECKING

from pybroker.groups.consumer.subscription import metadata_hash, resolve_all
from pybroker.groups.consumer.target import assign_if_due, raise_epoch
from pybroker.groups.rebalances import RebalanceReason

if TYPE_CHECKING:
    from pybroker.groups.consumer.group import ConsumerGroup
    from pybroker.groups.decision import Decision
    from pybroker.metadata.topics import Topics


def notice_topics(group: "ConsumerGroup", topics: "Topics", decision: "Decision") -> bool:
    """Rebalance if the group's topics are not what they were; says whether they are not."""
    resolve_all(group, topics)
    if metadata_hash(group, topics) == group.metadata_hash:
        return False
    raise_epoch(
        group, topics, RebalanceReason.TOPICS_CHANGED, "topics that it reads changed", decision
    )
    assign_if_due(group, topics, decision)
    return True
