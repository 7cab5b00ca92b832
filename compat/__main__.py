"""`python -m compat`: hold pybroker to the real Kafka, live.

Without arguments everything runs: every conversation to both brokers; Kafka's console tools, and
groups of Java, Go and Python clients, against pybroker; Kafka's tools for groups and for configs
against both; a partition that moves, and one that both compact.
`record` plays to the real Kafka alone and keeps its answers for the tests.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from compat.compaction.rounds import run_rounds
from compat.console import run_configs, run_groups, run_jobs
from compat.differential.compare import Difference, differences, read_findings, unexplained
from compat.differential.conversations import AREAS, load
from compat.differential.live import StartBroker, play_all, record, recorded
from compat.differential.play import Outcome
from compat.kafka import RealKafka
from compat.logs.back import run_back
from compat.logs.move import record_move, run_move
from compat.members import run_sessions
from compat.process import BrokerProcess
from compat.pybroker_process import PybrokerProcess

KAFKA_HEAP: Final = "512M"


def _kafka(settings: Mapping[str, str]) -> BrokerProcess:
    return RealKafka(settings=settings, heap=KAFKA_HEAP)


def _pybroker(settings: Mapping[str, str]) -> BrokerProcess:
    return PybrokerProcess(settings=settings)


def _outcomes(area: str, start: StartBroker) -> dict[str, list[Outcome]]:
    return {conversation.name: outcomes for conversation, outcomes in play_all(load(area), start)}


def _record(areas: Sequence[str]) -> int:
    for area in areas:
        outcomes = _outcomes(area, _kafka)
        in_order = {conversation.name: outcomes[conversation.name] for conversation in load(area)}
        record(area, in_order)
        print(f"{area}: {len(in_order)} conversations recorded", flush=True)
    return 0


def _compare(areas: Sequence[str], *, left: str, right: str) -> int:
    sources: dict[str, Callable[[str], dict[str, list[Outcome]]]] = {
        "kafka": partial(_outcomes, start=_kafka),
        "pybroker": partial(_outcomes, start=_pybroker),
        "recorded": recorded,
    }
    found: list[Difference] = []
    count = 0
    for area in areas:
        expected, actual = sources[left](area), sources[right](area)
        count += len(expected)
        in_area = [
            each
            for name, outcomes in expected.items()
            for each in differences(f"{area}: {name}", outcomes, actual.get(name, []))
        ]
        found += in_area
        print(f"{area}: {len(expected)} conversations, {len(in_area)} differences", flush=True)
    return _report(found, count)


def _report(found: Sequence[Difference], conversations: int) -> int:
    wording = [each for each in found if each.wording]
    unknown = unexplained(found, read_findings())
    for each in wording:
        print(f"  wording: {each}")
    for each in unknown:
        print(f"  DIFFERS: {each}")
    on_purpose = len(found) - len(wording) - len(unknown)
    print(
        f"{conversations} conversations: {len(unknown)} differences, {on_purpose} on purpose, "
        f"{len(wording)} of wording"
    )
    return 1 if unknown else 0


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m compat", description=__doc__)
    parser.add_argument(
        "what",
        nargs="?",
        choices=(
            *(
                "all",
                "differential",
                "console",
                "groups",
                "configs",
                "members",
                "logs",
                "compaction",
            ),
            *("record", "record-logs"),
        ),
        default="all",
    )
    parser.add_argument("areas", nargs="*", help="areas of conversations; all by default")
    parser.add_argument("--left", choices=("kafka", "recorded"), default="kafka")
    parser.add_argument("--right", choices=("pybroker", "kafka"), default="pybroker")
    arguments = parser.parse_args()
    areas = arguments.areas or AREAS
    if arguments.what == "record":
        return _record(areas)
    if arguments.what == "record-logs":
        return record_move()
    failed = 0
    if arguments.what in {"all", "differential"}:
        failed |= _compare(areas, left=arguments.left, right=arguments.right)
    if arguments.what in {"all", "console"}:
        failed |= run_jobs(_pybroker)
    if arguments.what in {"all", "groups"}:
        failed |= run_groups({"kafka": _kafka, "pybroker": _pybroker})
    if arguments.what in {"all", "configs"}:
        failed |= run_configs({"kafka": _kafka, "pybroker": _pybroker})
    if arguments.what in {"all", "members"}:
        failed |= run_sessions(_pybroker)
    if arguments.what in {"all", "logs"}:
        failed |= run_move()
        failed |= run_back()
    if arguments.what in {"all", "compaction"}:
        failed |= run_rounds()
    return failed


if __name__ == "__main__":
    sys.exit(main())
