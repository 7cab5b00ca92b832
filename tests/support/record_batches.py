"""Record batches as a producer makes them, and a Produce request around one."""

from collections.abc import Sequence

from compat.differential.record_batches import Batch
from pybroker.protocol.produce import ProduceRequest
from tests.support.raw_client import RawClient


def record_batch(
    timestamps_ms: Sequence[int],
    *,
    value: bytes = b"value",
    key: bytes | None = b"key",
    producer_id: int = -1,
    producer_epoch: int = -1,
    base_sequence: int = -1,
) -> bytes:
    """Make an uncompressed batch with a record per timestamp."""
    count = len(timestamps_ms)
    return Batch(
        values=[value] * count,
        keys=[key] * count,
        timestamps_ms=timestamps_ms,
        producer_id=producer_id,
        producer_epoch=producer_epoch,
        base_sequence=base_sequence,
    ).build()


def produce(client: RawClient, topic: str, partition: int, batch: bytes) -> int:
    """Append a batch, and give its base offset."""
    data = ProduceRequest.PartitionProduceData(index=partition, records=batch)
    request = ProduceRequest(
        acks=-1,
        timeout_ms=30_000,
        topic_data=[ProduceRequest.TopicProduceData(name=topic, partition_data=[data])],
    )
    (answered,) = client.ask(request, 9).responses[0].partition_responses
    assert answered.error_code == 0, answered
    return int(answered.base_offset)
