"""The conversations, a file for each area of the protocol."""

from collections.abc import Sequence
from importlib import import_module
from typing import Final

from compat.differential.conversation import Conversation

AREAS: Final = (
    *("api_versions", "metadata", "create_topics", "delete_topics", "create_partitions"),
    *("list_offsets", "offset_epochs", "find_coordinator", "join_sync", "heartbeat_leave"),
    *("offsets", "groups_admin", "init_producer_id", "produce", "fetch", "fetch_sessions"),
    *("describe_cluster", "describe_configs", "bad_frames"),
    *("delete_records", "retention", "describe_log_dirs"),
    *("classic_members", "offset_delete", "internal_topics"),
    *("consumer_heartbeat", "consumer_members", "consumer_admin", "consumer_offsets", "migration"),
    *("alter_topic_configs", "alter_group_configs", "alter_broker_configs", "config_resources"),
)


def load(area: str) -> Sequence[Conversation]:
    """Give the conversations of an area."""
    module = import_module(f"{__name__}.{area}")
    conversations: Sequence[Conversation] = module.CONVERSATIONS
    return conversations
