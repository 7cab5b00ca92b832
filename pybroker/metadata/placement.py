"""Which nodes hold a partition: replicas and leaders spread over the nodes, round robin."""

from typing import TYPE_CHECKING, NamedTuple

from pybroker.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Placement(NamedTuple):
    """The nodes there are, and what a request that leaves it open gets."""

    node_ids: tuple[int, ...]
    default_partitions: int  # num.partitions
    default_replication_factor: int  # default.replication.factor
    replication_factor_cap: bool  # pybroker.replication.factor.cap


def effective_replication_factor(placement: Placement, replication_factor: int) -> int:
    """How many replicas a partition gets; INVALID_REPLICATION_FACTOR when there are fewer nodes."""
    node_count = len(placement.node_ids)
    if replication_factor <= node_count:
        return replication_factor
    if placement.replication_factor_cap:
        return node_count
    raise KafkaError(
        ErrorCode.INVALID_REPLICATION_FACTOR,
        f"Unable to replicate the partition {replication_factor} time(s): The target replication"
        f" factor of {replication_factor} cannot be reached because only {node_count} broker(s)"
        " are registered.",
    )


def spread(
    node_ids: "Sequence[int]", *, start: int, partitions: int, replication_factor: int
) -> list[tuple[int, ...]]:
    """Place consecutive partitions, leaders first; the first leader is at position `start`."""
    count = len(node_ids)
    return [
        tuple(node_ids[(first + replica) % count] for replica in range(replication_factor))
        for first in range(start, start + partitions)
    ]


def require_assignment(
    node_ids: "Sequence[int]", broker_ids: "Sequence[int]", replication_factor: int | None
) -> None:
    """Check what a client assigned; `replication_factor` is that of the partitions before it."""
    if not broker_ids:
        _refuse("The manual partition assignment includes an empty replica list.")
    previous_id = None
    for broker_id in sorted(broker_ids):
        if broker_id not in node_ids:
            _refuse(
                f"The manual partition assignment includes broker {broker_id}, but no such broker"
                " is registered."
            )
        if broker_id == previous_id:
            _refuse(
                f"The manual partition assignment includes the broker {broker_id} more than once."
            )
        previous_id = broker_id
    if replication_factor is not None and len(broker_ids) != replication_factor:
        _refuse(
            "The manual partition assignment includes a partition with"
            f" {len(broker_ids)} replica(s),"
            " but this is not consistent with previous partitions, which have"
            f" {replication_factor} replica(s)."
        )


def _refuse(message: str) -> None:
    raise KafkaError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
