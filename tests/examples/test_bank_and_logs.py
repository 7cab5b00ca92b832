"""The example of the README runs as it is written there."""

import gzip
import subprocess
import sys
from pathlib import Path

from pybroker import Broker

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "bank_and_logs.py"
ONCE = [
    "Group balances saw every record exactly once",
    "Group archive saw every record exactly once",
]


def run(*arguments: str) -> list[str]:
    """Run the example; give the lines that it prints."""
    command = [sys.executable, str(EXAMPLE), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    # librdkafka notes at the end what it drops unread; anything louder is a fault.
    loud = [line for line in ended.stderr.splitlines() if not line.startswith("%6|")]
    assert loud == []
    return ended.stdout.splitlines()


def test_it_runs_without_arguments_and_both_groups_see_everything_once() -> None:
    lines = run()
    assert " and 20,000 transactions in " in lines[0]
    assert "500 customers hold" in lines[1]
    assert lines[1].endswith(" 0 transactions out of order")
    assert lines[-2:] == ONCE


def test_it_uses_the_cluster_that_it_is_given(tmp_path: Path) -> None:
    with Broker() as broker:
        given = ["--bootstrap-servers", broker.bootstrap_servers, "--archive", str(tmp_path)]
        lines = run(*given, "--transactions", "500", "--seed", "2")
    assert lines[-2:] == ONCE
    with gzip.open(tmp_path / "transactions.gz") as archived:
        assert len(archived.read().splitlines()) == 500
