"""The broker configs that groups obey; the broker's `Config` has them all."""

from typing import Protocol


class GroupConfigs(Protocol):
    """An attribute is its config's name with underscores for dots, in the config's unit."""

    @property
    def group_initial_rebalance_delay_ms(self) -> int:
        """How long the first members of an empty group wait for others."""

    @property
    def group_min_session_timeout_ms(self) -> int:
        """The shortest session that a member may ask for."""

    @property
    def group_max_session_timeout_ms(self) -> int:
        """The longest."""

    @property
    def group_max_size(self) -> int:
        """How many members a group may have."""

    @property
    def offset_metadata_max_bytes(self) -> int:
        """How long the metadata of a committed offset may be."""

    @property
    def offsets_topic_num_partitions(self) -> int:
        """Into how many partitions groups are hashed to find their coordinator."""
