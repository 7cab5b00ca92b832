"""The comparison's own record batches."""

from compat.differential.record_batches import Batch, describe_batches


def test_what_is_built_is_read_back() -> None:
    batch = Batch(
        keys=[b"k", None], values=[None, b"v"], headers=[(b"h", b"1")], timestamp_step_ms=5
    )
    (described,) = describe_batches(batch.build())
    assert described["crc_holds"]
    assert described["record_count"] == 2
    assert described["max_timestamp"] - described["base_timestamp"] == 5
    assert [(each["key"], each["value"]) for each in described["records"]] == [
        (b"k", None),
        (None, b"v"),
    ]
    assert described["records"][0]["headers"] == [[b"h", b"1"]]


def test_a_compressed_batch_is_read_back() -> None:
    (described,) = describe_batches(Batch(values=[b"x" * 100], gzipped=True).build())
    assert described["records"][0]["value"] == b"x" * 100


def test_a_chosen_fault_is_built_in() -> None:
    (described,) = describe_batches(Batch(crc=1, record_count=7).build())
    assert not described["crc_holds"]
    assert described["record_count"] == 7


def test_a_tail_that_is_cut_off_is_shown() -> None:
    data = Batch().build()
    assert describe_batches(data + data[:30])[1] == {"cut_off_bytes": 30}
