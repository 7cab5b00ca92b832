"""What every conversation about groups begins with: is it ours, and which group is it.

A request at a node that does not coordinate the group is refused first; then the group is found or
made, decides, and `loaded` carries out the decision.
"""

from typing import TYPE_CHECKING, Protocol

from pybroker.errors import ErrorCode
from pybroker.groups.classic.arrivals import EarlyArrivals
from pybroker.groups.expiry import OffsetExpiry
from pybroker.groups.loaded import LoadedGroups
from pybroker.groups.placement import coordinator_for
from pybroker.metadata.uuids import random_uuid, uuid_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pybroker.groups.configs import GroupConfigs
    from pybroker.groups.loaded import AnyGroup
    from pybroker.metadata.topics import Topics
    from pybroker.store import Store
    from pybroker.timers import Timers


class Caller(Protocol):
    """What the coordinator must know of a request beside the message: the request's context."""

    @property
    def api_version(self) -> int:
        """The version that the client speaks."""

    @property
    def client_id(self) -> str | None:
        """What the client calls itself."""

    @property
    def client_host(self) -> str:
        """The client's address."""

    @property
    def node_id(self) -> int:
        """The node that was asked."""


class Coordination:
    """The groups of all nodes of this process, and how a request finds its own.

    `node_ids` and `topics` may be replaced when there are others. `now_ms` is the wall clock,
    `monotonic_ms` the scale of timers; `random_bytes(n)` gives n of them.

    Requests are decided at the time at which they are decided, not at which they came: a client
    whose heartbeat waits for a Python that is held up cannot send the next one.
    """

    def __init__(
        self,
        *,
        store: "Store",
        timers: "Timers",
        topics: "Topics",
        configs: "GroupConfigs",
        node_ids: "Sequence[int]",
        now_ms: "Callable[[], int]",
        monotonic_ms: "Callable[[], int]",
        random_bytes: "Callable[[int], bytes]",
    ) -> None:
        self.node_ids = node_ids
        self.configs = configs
        self.topics = topics
        self._monotonic_ms = monotonic_ms
        self._random_bytes = random_bytes
        self._loaded = LoadedGroups(store, timers, configs, now_ms, lambda: self.topics)
        self._early_arrivals = EarlyArrivals(configs.pybroker_group_settle_ms)
        self._expiry = OffsetExpiry(store, timers, configs, self._loaded)

    def coordinator_of(self, key: str, partition_count: int) -> int:
        """Choose the node that coordinates a group id or a transactional id."""
        return coordinator_for(key, partition_count, self.node_ids)

    # Finding groups.

    def _refusal_of(self, group_id: str, caller: Caller) -> ErrorCode:
        if not group_id:
            return ErrorCode.INVALID_GROUP_ID
        if self._is_elsewhere(group_id, caller):
            return ErrorCode.NOT_COORDINATOR
        return ErrorCode.NONE

    def _is_elsewhere(self, group_id: str, caller: Caller) -> bool:
        if len(self.node_ids) == 1:
            return False
        partition_count = self.configs.offsets_topic_num_partitions
        return self.coordinator_of(group_id, partition_count) != caller.node_id

    def _locate(self, group_id: str, caller: Caller) -> "AnyGroup | ErrorCode":
        """Find a group that the caller claims to be a member of, or say why it is not."""
        refusal = self._refusal_of(group_id, caller)
        if refusal is not ErrorCode.NONE:
            return refusal
        group = self._loaded.find(group_id, self._monotonic_ms())
        return ErrorCode.UNKNOWN_MEMBER_ID if group is None else group

    def _new_uuid(self) -> str:
        """Make a random uuid and write it as Java does."""
        digits = random_uuid(self._random_bytes).hex()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def _new_short_uuid(self) -> str:
        """Make a random uuid and write it as Kafka does."""
        return uuid_text(random_uuid(self._random_bytes))
