"""The configs that groups obey: the broker's, and what a group has of its own."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


def nothing_changed(group_id: str, name: str) -> int | None:
    """Say that no group has configs of its own, and that none of the broker's was changed."""
    del group_id, name
    return None


class GroupConfigs(NamedTuple):
    """A field is its config's name with underscores for dots, in Kafka's unit, with its default."""

    group_initial_rebalance_delay_ms: int = 3_000
    group_min_session_timeout_ms: int = 6_000
    group_max_session_timeout_ms: int = 1_800_000
    group_max_size: int = 2_147_483_647
    group_consumer_session_timeout_ms: int = 45_000
    group_consumer_heartbeat_interval_ms: int = 5_000
    group_consumer_assignment_interval_ms: int = 1_000
    group_consumer_max_size: int = 2_147_483_647
    group_consumer_assignors: tuple[str, ...] = ("uniform", "range")
    group_consumer_migration_policy: str = "bidirectional"
    group_coordinator_rebalance_protocols: tuple[str, ...] = ("classic", "consumer")
    pybroker_consumer_reconciliation_heartbeat_interval_ms: int = 70
    pybroker_group_settle_ms: int = 0
    offset_metadata_max_bytes: int = 4_096
    offsets_retention_minutes: int = 10_080
    offsets_topic_num_partitions: int = 50
    # Gives what was changed at run time, by group id and by the group config's name.
    changed_ms: "Callable[[str, str], int | None]" = nothing_changed

    # Configs that a group may have of its own: they hold from its next heartbeat or assignment.

    def consumer_session_timeout_ms(self, group_id: str) -> int:
        """Give how long a member of a consumer group may be silent."""
        changed_ms = self.changed_ms(group_id, "consumer.session.timeout.ms")
        return self.group_consumer_session_timeout_ms if changed_ms is None else changed_ms

    def consumer_heartbeat_interval_ms(self, group_id: str) -> int:
        """Give how often a member of a settled consumer group heartbeats."""
        changed_ms = self.changed_ms(group_id, "consumer.heartbeat.interval.ms")
        return self.group_consumer_heartbeat_interval_ms if changed_ms is None else changed_ms

    def consumer_assignment_interval_ms(self, group_id: str) -> int:
        """Give the most time between two target assignments."""
        changed_ms = self.changed_ms(group_id, "consumer.assignment.interval.ms")
        return self.group_consumer_assignment_interval_ms if changed_ms is None else changed_ms

    # What the migration policy allows.

    def may_upgrade(self) -> bool:
        """Whether a classic group with members may become a consumer group."""
        return self.group_consumer_migration_policy.lower() in {"bidirectional", "upgrade"}

    def may_downgrade(self) -> bool:
        """Whether a consumer group with members may become a classic group."""
        return self.group_consumer_migration_policy.lower() in {"bidirectional", "downgrade"}

    def may_mix(self) -> bool:
        """Whether classic members may join a consumer group."""
        return self.group_consumer_migration_policy.lower() != "disabled"
