"""A classic group of many members, each with a connection of its own, brought up together."""

import asyncio
import struct
import time
from typing import Any, Final

from compat.differential.codec import decode_response, encode_request
from compat.process import HOST

SESSION_TIMEOUT_MS: Final = 1_700_000
REBALANCE_TIMEOUT_MS: Final = 60_000
TURN_S: Final = 0.05

JOIN_GROUP: Final = ("join_group", 3)
SYNC_GROUP: Final = ("sync_group", 2)
HEARTBEAT: Final = ("heartbeat", 2)


class LargeGroup:
    """The members and the generation in which all of them are."""

    def __init__(self, port: int, group_id: str, size: int) -> None:
        self._port = port
        self._group_id = group_id
        self._size = size
        self._generations: dict[str, int] = {}

    def settle(self) -> tuple[float, list[dict[str, Any]]]:
        """Join with all members; give the seconds, and what each member's heartbeat says."""
        start = time.monotonic()
        asyncio.run(self._settle())
        seconds = time.monotonic() - start
        return seconds, [
            {"group_id": self._group_id, "generation_id": generation, "member_id": member_id}
            for member_id, generation in self._generations.items()
        ]

    async def _settle(self) -> None:
        await asyncio.gather(*(self._member() for _ in range(self._size)))

    def _is_settled(self) -> bool:
        return len(self._generations) == self._size and len({*self._generations.values()}) == 1

    async def _member(self) -> None:
        reader, writer = await asyncio.open_connection(HOST, self._port)

        async def ask(api: tuple[str, int], **fields: Any) -> dict[str, Any]:
            writer.write(encode_request(*api, {"group_id": self._group_id, **fields}, 1))
            (size,) = struct.unpack(">i", await reader.readexactly(4))
            return decode_response(*api, await reader.readexactly(size))[1]

        member_id = ""
        while not self._is_settled():
            joined = await ask(
                JOIN_GROUP,
                member_id=member_id,
                session_timeout=SESSION_TIMEOUT_MS,
                rebalance_timeout=REBALANCE_TIMEOUT_MS,
                protocol_type="consumer",
                protocols=[{"name": "range", "metadata": b""}],
            )
            if joined["error_code"] != "NONE":
                # Kafka is not yet the coordinator that it said it was.
                await asyncio.sleep(TURN_S)
                continue
            member_id, generation = joined["member_id"], joined["generation_id"]
            synced = await ask(
                SYNC_GROUP,
                member_id=member_id,
                generation_id=generation,
                assignments=[
                    {"member_id": each["member_id"], "assignment": b"some"}
                    for each in joined["members"]
                ],
            )
            beat = synced
            while beat["error_code"] == "NONE":
                self._generations[member_id] = generation
                if self._is_settled():
                    break
                await asyncio.sleep(TURN_S)
                beat = await ask(HEARTBEAT, member_id=member_id, generation_id=generation)
        writer.close()
