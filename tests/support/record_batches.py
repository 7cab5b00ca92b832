"""Record batches as a producer makes them, and a Produce request around one."""

import struct
from collections.abc import Sequence

from pybroker.protocol.produce import ProduceRequest
from tests.support.raw_client import RawClient

CASTAGNOLI = 0x82F63B78


def crc32c(data: bytes) -> int:
    """Bit by bit: tests have small batches."""
    crc = 0xFFFF_FFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (CASTAGNOLI if crc & 1 else 0)
    return crc ^ 0xFFFF_FFFF


def varint(value: int) -> bytes:
    """Zigzag, seven bits a byte."""
    zigzag = value << 1 ^ value >> 63
    encoded = bytearray()
    while zigzag > 0x7F:
        encoded.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    encoded.append(zigzag)
    return bytes(encoded)


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
    first = timestamps_ms[0]
    records = b""
    for offset_delta, timestamp_ms in enumerate(timestamps_ms):
        written_key = varint(-1) if key is None else varint(len(key)) + key
        body = b"\0" + varint(timestamp_ms - first) + varint(offset_delta) + written_key
        body += varint(len(value)) + value + varint(0)
        records += varint(len(body)) + body
    checked = struct.pack(
        ">hiqqqhii",
        0,
        len(timestamps_ms) - 1,
        first,
        max(timestamps_ms),
        producer_id,
        producer_epoch,
        base_sequence,
        len(timestamps_ms),
    )
    checked += records
    after_length = struct.pack(">ibI", -1, 2, crc32c(checked)) + checked
    return struct.pack(">qi", 0, len(after_length)) + after_length


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
