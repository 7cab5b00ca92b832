"""What an assignor must know of a member."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pybroker.groups.consumer.member import Target


class Subscriber(NamedTuple):
    """A member: the topics that it wants and that exist, and what its target was until now."""

    member_id: str
    instance_id: str | None
    topic_ids: frozenset[bytes]
    target: "Target"
