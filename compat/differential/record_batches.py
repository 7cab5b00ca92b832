"""Record batches of format 2, written and read in plain Python, whole or with a chosen fault."""

import gzip
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from crc32c import crc32c

# Everything that a batch has before its records: offset, length, leader epoch, magic, checksum;
# then what the checksum covers: attributes ... record count.
HEAD: Final = struct.Struct(">qiibI")
COVERED: Final = struct.Struct(">hiqqqhii")
LENGTH_FROM: Final = 12
GZIP: Final = 1
CODEC_MASK: Final = 7

# Old enough to be told from the clock of a broker that stamps records itself.
BASE_TIMESTAMP_MS: Final = 1_700_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch to be built. What is None is computed; what is not may be a lie.

    Timestamps go from `timestamp_ms` in steps, unless `timestamps_ms` has one for each record.
    """

    values: Sequence[bytes | None] = (b"value",)
    keys: Sequence[bytes | None] | None = None
    headers: Sequence[tuple[bytes, bytes | None]] = ()
    timestamp_ms: int = BASE_TIMESTAMP_MS
    timestamp_step_ms: int = 1
    timestamps_ms: Sequence[int] | None = None
    base_offset: int = 0
    partition_leader_epoch: int = -1
    magic: int = 2
    attributes: int = 0
    producer_id: Any = -1
    producer_epoch: Any = -1
    base_sequence: int = -1
    gzipped: bool = False
    crc: int | None = None
    batch_length: int | None = None
    record_count: int | None = None
    last_offset_delta: int | None = None
    max_timestamp_ms: int | None = None
    offset_delta_step: int = 1

    def build(self) -> bytes:
        """Write the batch."""
        keys = self.keys if self.keys is not None else [None] * len(self.values)
        count = len(self.values)
        timestamps_ms = self.timestamps_ms
        if timestamps_ms is None:
            timestamps_ms = [self.timestamp_ms + self.timestamp_step_ms * n for n in range(count)]
        first = timestamps_ms[0] if timestamps_ms else self.timestamp_ms
        payload = b"".join(
            self._record(index, timestamp_ms - first, key, value)
            for index, (timestamp_ms, key, value) in enumerate(
                zip(timestamps_ms, keys, self.values, strict=True)
            )
        )
        covered = COVERED.pack(
            self.attributes | (GZIP if self.gzipped else 0),
            count - 1 if self.last_offset_delta is None else self.last_offset_delta,
            first,
            max(timestamps_ms, default=first)
            if self.max_timestamp_ms is None
            else self.max_timestamp_ms,
            self.producer_id,
            self.producer_epoch,
            self.base_sequence,
            count if self.record_count is None else self.record_count,
        ) + (gzip.compress(payload, mtime=0) if self.gzipped else payload)
        length = len(covered) + HEAD.size - LENGTH_FROM
        return (
            HEAD.pack(
                self.base_offset,
                length if self.batch_length is None else self.batch_length,
                self.partition_leader_epoch,
                self.magic,
                crc32c(covered) if self.crc is None else self.crc,
            )
            + covered
        )

    def _record(
        self, index: int, timestamp_delta_ms: int, key: bytes | None, value: bytes | None
    ) -> bytes:
        body = b"\0" + varint(timestamp_delta_ms)
        body += varint(index * self.offset_delta_step) + _sized(key) + _sized(value)
        body += varint(len(self.headers))
        for name, content in self.headers:
            body += varint(len(name)) + name + _sized(content)
        return varint(len(body)) + body


def varint(value: int) -> bytes:
    """Write a zigzag varint."""
    rest = (value << 1) ^ (value >> 63)
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def _sized(data: bytes | None) -> bytes:
    return varint(-1) if data is None else varint(len(data)) + data


def describe_batches(data: bytes) -> list[dict[str, Any]]:
    """Read batches, the way an answer shows them; a cut-off tail is shown by its size."""
    batches = []
    position = 0
    while position + HEAD.size <= len(data):
        offset, length, leader_epoch, magic, crc = HEAD.unpack_from(data, position)
        end = position + LENGTH_FROM + length
        if end > len(data):
            break
        covered = data[position + HEAD.size : end]
        batches.append(
            {
                "base_offset": offset,
                "partition_leader_epoch": leader_epoch,
                "magic": magic,
                "crc_holds": crc32c(covered) == crc,
                **_describe_covered(covered),
            }
        )
        position = end
    if position < len(data):
        batches.append({"cut_off_bytes": len(data) - position})
    return batches


def _describe_covered(covered: bytes) -> dict[str, Any]:
    names = "attributes last_offset_delta base_timestamp max_timestamp producer_id"
    names += " producer_epoch base_sequence record_count"
    fields: dict[str, Any] = dict(zip(names.split(), COVERED.unpack_from(covered), strict=True))
    payload = covered[COVERED.size :]
    codec = fields["attributes"] & CODEC_MASK
    if codec == GZIP:
        payload = gzip.decompress(payload)
    if codec in {0, GZIP}:
        fields["records"] = [_read_record(payload, start) for start in _starts(payload)]
    else:
        fields["payload"] = payload
    return fields


def _starts(payload: bytes) -> list[int]:
    starts = []
    position = 0
    while position < len(payload):
        size, begin = _read_varint(payload, position)
        starts.append(begin)
        position = begin + size
    return starts


def _read_record(payload: bytes, position: int) -> dict[str, Any]:
    timestamp_delta, position = _read_varint(payload, position + 1)
    offset_delta, position = _read_varint(payload, position)
    key, position = _read_sized(payload, position)
    value, position = _read_sized(payload, position)
    count, position = _read_varint(payload, position)
    headers = []
    for _ in range(count):
        name, position = _read_sized(payload, position)
        content, position = _read_sized(payload, position)
        headers.append([name, content])
    return {
        "offset_delta": offset_delta,
        "timestamp_delta": timestamp_delta,
        "key": key,
        "value": value,
        "headers": headers,
    }


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    shift = rest = 0
    while True:
        byte = data[position]
        position += 1
        rest |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (rest >> 1) ^ -(rest & 1), position
        shift += 7


def _read_sized(data: bytes, position: int) -> tuple[bytes | None, int]:
    size, position = _read_varint(data, position)
    if size < 0:
        return None, position
    return data[position : position + size], position + size
