"""The classic protocol's requests with what every client sends filled in."""

from collections.abc import Mapping

from pybroker.protocol.heartbeat import HeartbeatRequest
from pybroker.protocol.join_group import JoinGroupRequest
from pybroker.protocol.sync_group import SyncGroupRequest

GROUP = "group"
RANGE: Mapping[str, bytes] = {"range": b"all"}


def join_request(
    member_id: str = "",
    *,
    group_id: str = GROUP,
    instance: str | None = None,
    protocols: Mapping[str, bytes] = RANGE,
    protocol_type: str = "consumer",
    session_ms: int = 10_000,
    rebalance_ms: int = 60_000,
    reason: str | None = None,
) -> JoinGroupRequest:
    return JoinGroupRequest(
        group_id=group_id,
        session_timeout_ms=session_ms,
        rebalance_timeout_ms=rebalance_ms,
        member_id=member_id,
        group_instance_id=instance,
        protocol_type=protocol_type,
        protocols=[
            JoinGroupRequest.Protocol(name=name, metadata=metadata)
            for name, metadata in protocols.items()
        ],
        reason=reason,
    )


def sync_request(
    member_id: str,
    generation_id: int,
    assignments: Mapping[str, bytes] | None = None,
    *,
    group_id: str = GROUP,
    instance: str | None = None,
    protocol_type: str | None = "consumer",
    protocol_name: str | None = "range",
) -> SyncGroupRequest:
    return SyncGroupRequest(
        group_id=group_id,
        generation_id=generation_id,
        member_id=member_id,
        group_instance_id=instance,
        protocol_type=protocol_type,
        protocol_name=protocol_name,
        assignments=[
            SyncGroupRequest.Assignment(member_id=each, assignment=assignment)
            for each, assignment in (assignments or {}).items()
        ],
    )


def heartbeat_request(
    member_id: str, generation_id: int, *, group_id: str = GROUP, instance: str | None = None
) -> HeartbeatRequest:
    return HeartbeatRequest(
        group_id=group_id,
        generation_id=generation_id,
        member_id=member_id,
        group_instance_id=instance,
    )
