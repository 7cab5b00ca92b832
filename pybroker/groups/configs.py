"""The broker configs that groups obey."""

from typing import NamedTuple


class GroupConfigs(NamedTuple):
    """A field is its config's name with underscores for dots, in Kafka's unit, with its default."""

    group_initial_rebalance_delay_ms: int = 3_000
    group_min_session_timeout_ms: int = 6_000
    group_max_session_timeout_ms: int = 1_800_000
    group_max_size: int = 2_147_483_647
    offset_metadata_max_bytes: int = 4_096
    offsets_retention_minutes: int = 10_080
    offsets_topic_num_partitions: int = 50
