"""What becomes of the figures: ratios of pairs, medians, losses."""

from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.generators import PRODUCED
from benchmarks.report import show
from benchmarks.rows import GROUPS, load
from benchmarks.runner import Result, from_json

RESULT = Result(
    1,
    "produce",
    ("pybroker", "kafka"),
    [
        ({"records/s": 300.0, "p99 ms": 9.0}, {"records/s": 100.0, "p99 ms": 3.0}),
        ({"records/s": 100.0, "p99 ms": 4.0}, {"records/s": 200.0, "p99 ms": 2.0}),
        ({"records/s": 400.0, "p99 ms": 2.0}, {"records/s": 200.0, "p99 ms": 1.0}),
    ],
)


def test_a_ratio_is_of_one_pair() -> None:
    assert RESULT.ratios("records/s") == [3.0, 0.5, 2.0]
    assert RESULT.medians("records/s") == (300.0, 200.0)


def test_the_table_has_median_and_extremes_and_marks_losses() -> None:
    lines = show([RESULT]).splitlines()
    assert "| records/s | 300 | 200 | 2.00x | 0.50 to 3.00 |" in lines
    assert "| **p99 ms** | 4 | 2 | **2.00x** | 2.00 to 3.00 |" in lines


def test_results_survive_being_stored() -> None:
    assert from_json(RESULT.as_json()) == RESULT


def test_the_last_line_of_producer_performance_is_understood() -> None:
    line = (
        "20000 records sent, 10893.246187 records/sec (1.04 MB/sec), 71.31 ms avg latency, "
        "305.00 ms max latency, 64 ms 50th, 149 ms 95th, 163 ms 99th, 168 ms 99.9th."
    )
    found = PRODUCED.search(line)
    assert found is not None
    assert (found["records"], found["p50"], found["p99"]) == ("20000", "64", "163")


@pytest.mark.parametrize("group", GROUPS)
def test_works_belong_to_the_rows_of_their_group(group: str) -> None:
    works = load(group)
    assert {work.row for work in works} <= set(GROUPS[group])
    assert len({work.title for work in works}) == len(works) > 0


def test_the_table_is_made_of_what_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(report, "TABLE", tmp_path / "RESULTS.md")
    report.keep("produce", [RESULT], pairs=3, pinned=True)
    report.keep("produce", [RESULT], pairs=3, pinned=False)
    report.render()
    text = (tmp_path / "RESULTS.md").read_text()
    assert "## Row 1, pinned" in text
    assert "## Row 1, unpinned" in text
    assert "* produce: p99 ms 2.00x" in text
