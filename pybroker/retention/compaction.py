"""Compaction: when the data plane is to look for logs that are dirty enough.

Promises:
  * A broker without a compacted topic asks for nothing, so that no cleaner thread is started; only
    once more when the last one is gone, so that nothing is told of it any longer.
"""

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pybroker.broker import Broker

logger = logging.getLogger("pybroker.retention")

CLEANUP_POLICY: Final = "cleanup.policy"
COMPACT: Final = "compact"


async def clean_logs(broker: "Broker") -> None:
    """Compact what is dirty enough, until nothing is."""
    if not broker.config.log_cleaner_enable:
        return
    if not (has_compacted_topic(broker) or broker.data_plane.cleaner_state().logs):
        return
    passes, freed_bytes, failures = await broker.data_plane.clean_logs(broker.clock.now_ms())
    if passes or failures:
        logger.info(
            "Compaction cleaned %d logs, which are %d bytes smaller; %d failed",
            passes,
            freed_bytes,
            failures,
        )


def has_compacted_topic(broker: "Broker") -> bool:
    """Say whether a topic has the policy of compaction, by itself or by a node's default."""
    is_default = any(
        COMPACT in broker.config_of(node_id).log_cleanup_policy for node_id in broker.node_ids
    )
    return any(
        COMPACT in topic.configs[CLEANUP_POLICY] if CLEANUP_POLICY in topic.configs else is_default
        for topic in broker.topics.by_id.values()
    )
