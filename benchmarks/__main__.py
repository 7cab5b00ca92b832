"""`python -m benchmarks`: measure pybroker beside the real Kafka.

Rows are those of the table in RESULTS.md; `--quick` only shows that everything runs.
"""

import argparse
import os
import sys
from typing import Final

from benchmarks import brokers
from benchmarks.measure import Scale
from benchmarks.report import keep, render, show
from benchmarks.rows import GROUPS, load
from benchmarks.runner import run_group

PAIRS: Final = 5
PAIRS_QUICK: Final = 1

# Each start, and each minute of idling or producing, is long enough to need no repetition.
ONE_PAIR: Final = frozenset(
    {"startup", "idle", "partitions", "recovery", "compaction", "retention"}
)


def main() -> int:
    """Run what the command line asks for, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", help="numbers of rows, with commas; all by default")
    parser.add_argument("--pairs", type=int, help=f"runs of each side ({PAIRS})")
    parser.add_argument("--quick", action="store_true", help="short runs, one pair, no table")
    parser.add_argument("--unpinned", action="store_true", help="leave the cores to the scheduler")
    parser.add_argument("--only", default="", help="works whose title holds this text")
    parser.add_argument(
        "--brokers", default=",".join(brokers.NAMES), help="the two sides: pybroker, kafka"
    )
    arguments = parser.parse_args()
    scale = Scale(quick=arguments.quick, pinned=not arguments.unpinned)
    if scale.pinned and (os.cpu_count() or 1) < 2:
        parser.error("a broker and its clients need a core each; --unpinned does without")
    wanted = {int(row) for row in arguments.rows.split(",")} if arguments.rows else None
    pairs = arguments.pairs or (PAIRS_QUICK if scale.quick else PAIRS)
    first, second = arguments.brokers.split(",")
    for group, rows in GROUPS.items():
        if wanted is not None and wanted.isdisjoint(rows):
            continue
        works = [work for work in load(group) if arguments.only in work.title]
        count = 1 if group in ONE_PAIR else pairs
        results = list(run_group(works, (first, second), pairs=count, scale=scale))
        print(show(results), flush=True)
        if results and not scale.quick and not arguments.only:
            keep(group, results, pairs=count, pinned=scale.pinned)
            render()
    return 0


if __name__ == "__main__":
    sys.exit(main())
