"""Produce: what is stored, what is refused, and how a producer that repeats itself is known."""

from typing import Any, Final

from compat.differential.conversation import Conversation, Ref, Step, ask, first
from compat.differential.record_batches import Batch
from compat.differential.requests import fetch, look, offsets_at, produce, topic, topic_id

UNKNOWN_ID: Final = "12345678-1234-1234-1234-123456789abc"
LOG_APPEND_TIME: Final = {"message.timestamp.type": "LogAppendTime"}


def _producer() -> Step:
    return ask(
        "init_producer_id",
        2,
        transactional_id=None,
        transaction_timeout=60_000,
        save_={"id": "producer_id"},
        recorded_=False,
    )


def _numbered(sequence: int, *, epoch: int = 0, count: int = 1, **rest: Any) -> Batch:
    values = [b"%d" % (sequence + number) for number in range(count)]
    return Batch(
        values=values,
        producer_id=Ref("id"),
        producer_epoch=epoch,
        base_sequence=sequence,
        **rest,
    )


CONVERSATIONS: Final = (
    Conversation(
        "every version, and read back",
        [
            *topic("by-version"),
            *[produce("by-version", Batch(), version=version) for version in range(3, 13)],
            produce(topic_id("by-version"), Batch(), version=13),
            fetch("by-version"),
        ],
    ),
    Conversation(
        "keys, headers, nulls and timestamps come back as they were",
        [
            *topic("whole"),
            produce(
                "whole",
                Batch(
                    keys=[b"k", None, b""],
                    values=[None, b"", b"v"],
                    headers=[(b"name", b"value"), (b"none", None)],
                    timestamp_step_ms=7,
                ),
            ),
            fetch("whole"),
        ],
    ),
    Conversation(
        "acks 0, 1 and all",
        [
            *topic("acked"),
            produce("acked", Batch(values=[b"0"]), acks=0),
            produce("acked", Batch(values=[b"1"]), acks=1),
            produce("acked", Batch(values=[b"all"]), acks=-1),
            fetch("acked"),
        ],
    ),
    Conversation(
        "acks that mean nothing",
        [
            *topic("misacked"),
            produce("misacked", Batch(), acks=2),
            produce("misacked", Batch(), acks=-2),
            *offsets_at("misacked", -1),
        ],
    ),
    Conversation(
        "acks 0 with a fault closes the connection",
        [
            *topic("acks0-fault"),
            produce("acks0-fault", Batch(crc=1), acks=0),
            ask("metadata", 12, topics=[]),
        ],
    ),
    Conversation(
        "unknown topic, partition and id",
        [
            *topic("present"),
            produce("absent", Batch()),
            produce("present", Batch(), partition=4),
            produce("present", Batch(), partition=-1),
            produce(UNKNOWN_ID, Batch(), version=13),
            produce("", Batch()),
        ],
    ),
    Conversation(
        "a wrong checksum",
        [*topic("checksum"), produce("checksum", Batch(crc=0xBAD)), *offsets_at("checksum", -1)],
    ),
    Conversation(
        "batches that lie about themselves",
        [
            *topic("lies"),
            produce("lies", Batch(record_count=3)),
            produce("lies", Batch(record_count=0)),
            produce("lies", Batch(record_count=-1)),
            produce("lies", Batch(last_offset_delta=5)),
            produce("lies", Batch(values=[b"a", b"b"], last_offset_delta=0)),
            produce("lies", Batch(values=[b"a", b"b"], offset_delta_step=2, last_offset_delta=2)),
            produce("lies", Batch(batch_length=9)),
            produce("lies", Batch(batch_length=900)),
            produce("lies", Batch(batch_length=-5)),
            produce("lies", Batch(gzipped=False, attributes=1)),
            produce("lies", Batch(attributes=7)),
            *offsets_at("lies", -1),
        ],
    ),
    Conversation(
        "formats and attributes that producers may not use",
        [
            *topic("formats"),
            produce("formats", Batch(magic=3)),
            produce("formats", Batch(magic=1)),
            produce("formats", Batch(attributes=0x20)),
            produce("formats", Batch(attributes=0x10)),
            produce("formats", Batch(attributes=0x08)),
            produce("formats", Batch(base_offset=77)),
            produce("formats", Batch(partition_leader_epoch=12)),
            *offsets_at("formats", -1),
        ],
    ),
    Conversation(
        "two batches for one partition, and none",
        [
            *topic("batches"),
            produce("batches", Batch(), Batch()),
            produce("batches"),
            *offsets_at("batches", -1),
        ],
    ),
    Conversation(
        "null records",
        [
            *topic("null-records"),
            ask(
                "produce",
                9,
                transactional_id=None,
                acks=-1,
                timeout=1000,
                topic_data=[
                    {"name": "null-records", "partition_data": [{"index": 0, "records": None}]}
                ],
            ),
        ],
    ),
    Conversation(
        "no topics at all",
        [ask("produce", 9, transactional_id=None, acks=-1, timeout=1000, topic_data=[])],
    ),
    Conversation(
        "one partition good, one not",
        [
            *topic("mixed", partitions=2),
            ask(
                "produce",
                9,
                transactional_id=None,
                acks=-1,
                timeout=1000,
                topic_data=[
                    {
                        "name": "mixed",
                        "partition_data": [
                            {"index": 0, "records": Batch()},
                            {"index": 1, "records": Batch(crc=1)},
                            {"index": 2, "records": Batch()},
                        ],
                    },
                    {
                        "name": "mixed-absent",
                        "partition_data": [{"index": 0, "records": Batch()}],
                    },
                ],
            ),
        ],
    ),
    Conversation(
        "too large for the topic",
        [
            *topic("small", configs={"max.message.bytes": "200"}),
            produce("small", Batch(values=[b"x" * 100])),
            produce("small", Batch(values=[b"x" * 200])),
            produce("small", Batch(values=[b"x" * 100]), Batch(values=[b"x" * 200])),
            *offsets_at("small", -1),
        ],
    ),
    Conversation(
        "larger than a segment",
        [
            *topic(
                "segments", configs={"segment.bytes": "1048576", "max.message.bytes": "9000000"}
            ),
            produce("segments", Batch(values=[b"x" * 1_048_576])),
        ],
    ),
    Conversation(
        "a compacted topic wants keys",
        [
            *topic("compacted", configs={"cleanup.policy": "compact"}),
            produce("compacted", Batch(keys=[b"k", None, b"l"], values=[b"1", b"2", b"3"])),
            produce("compacted", Batch(keys=[b"k"], values=[b"1"])),
            produce("compacted", Batch(keys=[b"k"], values=[b"1"]), version=7),
            produce("compacted", Batch(keys=[None], values=[b"1"]), version=7),
            *offsets_at("compacted", -1),
        ],
    ),
    Conversation(
        "the broker stamps the records",
        [
            *topic("stamped", configs=LOG_APPEND_TIME),
            produce("stamped", Batch(values=[b"a", b"b"])),
            fetch("stamped"),
            *offsets_at("stamped", -3),
        ],
    ),
    Conversation(
        "timestamps out of bounds",
        [
            *topic("timely", configs={"message.timestamp.before.max.ms": "1000"}),
            produce("timely", Batch()),
            produce("timely", Batch(timestamp_ms=-1)),
            *topic("untimely"),
            produce("untimely", Batch(timestamp_ms=9_000_000_000_000)),
            produce("untimely", Batch(timestamp_ms=-1, timestamp_step_ms=0)),
            produce("untimely", Batch(max_timestamp_ms=0)),
        ],
    ),
    Conversation(
        "several rules at once",
        [
            *topic(
                "ruled",
                configs={"cleanup.policy": "compact", "message.timestamp.before.max.ms": "1000"},
            ),
            produce("ruled", Batch(keys=[None, b"k"], values=[b"1", b"2"])),
            produce("ruled", Batch(keys=[None, None], values=[b"1", b"2"], timestamp_ms=-1)),
            produce("ruled", Batch(keys=[None], values=[b"1"], timestamp_ms=-1, gzipped=True)),
            produce("ruled", Batch(keys=[b""], values=[None], timestamp_ms=-1)),
            *offsets_at("ruled", -1),
        ],
    ),
    Conversation(
        "the broker stamps records out of bounds, and those that were stamped",
        [
            *topic(
                "stamped-anyway",
                configs={**LOG_APPEND_TIME, "message.timestamp.before.max.ms": "1000"},
            ),
            produce("stamped-anyway", Batch()),
            produce("stamped-anyway", Batch(timestamp_ms=9_000_000_000_000)),
            produce("stamped-anyway", Batch(attributes=0x08)),
            produce("stamped-anyway", Batch(values=[b"a", b"b"], gzipped=True)),
            fetch("stamped-anyway"),
            *topic("not-stamped"),
            produce("not-stamped", Batch(attributes=0x08)),
            produce("not-stamped", Batch(attributes=0x08, gzipped=True)),
            fetch("not-stamped"),
        ],
    ),
    Conversation(
        "codecs by level",
        [
            *topic(
                "levelled",
                configs={"compression.type": "gzip", "compression.gzip.level": "1"},
            ),
            produce("levelled", Batch(values=[b"a" * 500])),
            fetch("levelled"),
        ],
    ),
    Conversation(
        "another codec than the topic's",
        [
            *topic("recoded", configs={"compression.type": "gzip"}),
            produce("recoded", Batch(values=[b"a" * 50, b"b" * 50])),
            fetch("recoded"),
            *topic("uncoded", configs={"compression.type": "uncompressed"}),
            produce("uncoded", Batch(values=[b"a", b"b"], gzipped=True)),
            fetch("uncoded"),
        ],
    ),
    Conversation(
        "a compressed batch comes back as it was",
        [*topic("gzipped"), produce("gzipped", Batch(gzipped=True)), fetch("gzipped")],
    ),
    Conversation(
        "sequences in order, repeated, with a gap",
        [
            *topic("sequences"),
            _producer(),
            produce("sequences", _numbered(0, count=3)),
            produce("sequences", _numbered(3)),
            produce("sequences", _numbered(0, count=3)),
            produce("sequences", _numbered(3)),
            produce("sequences", _numbered(5)),
            produce("sequences", _numbered(1, count=2)),
            produce("sequences", _numbered(4)),
            *offsets_at("sequences", -1),
        ],
    ),
    Conversation(
        "five batches are remembered",
        [
            *topic("five"),
            _producer(),
            *[produce("five", _numbered(n)) for n in range(7)],
            *[produce("five", _numbered(n)) for n in (6, 2, 1, 0)],
        ],
    ),
    Conversation(
        "an unknown producer may start anywhere",
        [
            *topic("anywhere"),
            _producer(),
            produce("anywhere", _numbered(40)),
            produce("anywhere", _numbered(41)),
        ],
    ),
    Conversation(
        "epochs: a higher one starts at zero, a lower one is refused",
        [
            *topic("epochs"),
            _producer(),
            produce("epochs", _numbered(0)),
            produce("epochs", _numbered(5, epoch=1)),
            produce("epochs", _numbered(0, epoch=1)),
            produce("epochs", _numbered(1, epoch=0)),
            produce("epochs", _numbered(1, epoch=1)),
        ],
    ),
    Conversation(
        "the sequence wraps",
        [
            *topic("wrap"),
            _producer(),
            produce("wrap", _numbered(2**31 - 2, count=3)),
            produce("wrap", _numbered(1)),
            produce("wrap", _numbered(2**31 - 2, count=3)),
            fetch("wrap"),
        ],
    ),
    Conversation(
        "half an idempotent producer",
        [
            *topic("half"),
            _producer(),
            produce("half", Batch(producer_id=Ref("id"), producer_epoch=0, base_sequence=-1)),
            produce("half", Batch(producer_id=Ref("id"), producer_epoch=-1, base_sequence=0)),
            produce("half", Batch(producer_id=-1, producer_epoch=0, base_sequence=0)),
            produce("half", _numbered(0), _numbered(1)),
        ],
    ),
    Conversation(
        "a producer id that nobody gave out",
        [
            *topic("invented"),
            produce("invented", Batch(producer_id=987_654, producer_epoch=3, base_sequence=0)),
        ],
    ),
    Conversation(
        "a topic that was never created is not created by Produce",
        [
            produce("never-created", Batch(), until_=first),
            look("never-created"),
        ],
    ),
)
