"""The coordinator of every group: the conversations put together, and their life.

Each conversation is a class of its own, in the module of its name, over what `coordination` holds.
"""

from typing import TYPE_CHECKING

from pybroker.groups.administration import Administration
from pybroker.groups.classic_conversation import ClassicConversation
from pybroker.groups.consumer_conversation import ConsumerConversation
from pybroker.groups.offset_conversation import OffsetConversation

if TYPE_CHECKING:
    from pybroker.groups.rebalances import RebalanceCounts


class GroupCoordinator(
    ClassicConversation, ConsumerConversation, OffsetConversation, Administration
):
    """The coordinator of every group, for all nodes of this process."""

    @property
    def rebalances(self) -> "RebalanceCounts":
        """How many rebalances began, by reason."""
        return self._loaded.rebalances

    def start(self, now_ms: int) -> None:
        """Begin the sessions of stored members."""
        self._loaded.start(now_ms)

    def unload(self, now_ms: int) -> None:
        """Drop every group, because the store has not got what was decided last."""
        self._loaded.unload(now_ms)

    def close(self) -> None:
        """Drop every group, and send away those who wait."""
        self._loaded.close()

    def expire_offsets(self, now_ms: int) -> None:
        """Remove positions that are too old, and empty groups that have none."""
        self._expiry.run(now_ms)
