"""`pybroker log`: check and repair the logs of partitions that no broker uses.

Promises:
  * `check` changes nothing, and says of everything that is wrong in which file, where and about
    which offset it is.
  * `repair` truncates at the offset that it is given, and says what is gone; without one it does
    nothing.
  * Exit code 0 when all is well, 1 when something is wrong, 2 for a command line that cannot be
    read.
"""

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from pybroker import log_tools
from pybroker.cli.messages import complain
from pybroker.data_directory import LOCK_FILE, DataDirectories, DataDirectoryError
from pybroker.log_tools import Finding, LogToolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def main(words: "Sequence[str]") -> int:
    """Run `pybroker log` with the words behind it. Gives the exit code."""
    arguments = _parser().parse_args(words)
    try:
        is_well: bool = arguments.run(arguments)
    except (DataDirectoryError, LogToolError) as error:
        complain(str(error))
        return 1
    return 0 if is_well else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pybroker log", description="Look after logs that no broker uses."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    checking = commands.add_parser("check", help="say what is wrong; changes nothing")
    checking.add_argument(
        "directories",
        metavar="DIR",
        type=Path,
        nargs="+",
        help="folders of partitions, or data directories with all their partitions",
    )
    checking.set_defaults(run=_check)
    repairing = commands.add_parser("repair", help="truncate a partition")
    repairing.add_argument("folder", metavar="DIR", type=Path, help="the folder of the partition")
    repairing.add_argument(
        "--truncate-at",
        metavar="OFFSET",
        type=_offset,
        required=True,
        help="remove this offset and everything behind it, with the whole batch that holds it",
    )
    repairing.set_defaults(run=_repair)
    return parser


def _offset(text: str) -> int:
    offset = int(text)
    if offset < 0:
        raise argparse.ArgumentTypeError(f"expects 0 or more, not {offset}")
    return offset


def _check(arguments: argparse.Namespace) -> bool:
    is_well = True
    with _locked(arguments.directories):
        for directory in arguments.directories:
            folders = log_tools.partition_folders(directory)
            if not folders:
                complain(f"{directory} neither is nor holds the folder of a partition")
                is_well = False
            for folder in folders:
                is_well &= _check_partition(folder)
    return is_well


def _check_partition(folder: Path) -> bool:
    report = log_tools.check(folder)
    for finding in report.findings:
        print(_sentence(finding))
    verdict = f"{len(report.findings)} findings" if report.findings else "well"
    print(
        f"{folder}: offsets {report.start_offset} to {report.end_offset},"
        f" {report.segments} segments, {report.batches} batches, {report.records} records,"
        f" {report.size_bytes} bytes: {verdict}"
    )
    return not report.findings


def _sentence(finding: Finding) -> str:
    places = []
    if finding.position is not None:
        places.append(f"position {finding.position}")
    if finding.offset is not None:
        places.append(f"offset {finding.offset}")
    place = f" ({', '.join(places)})" if places else ""
    return f"{finding.path}{place}: {finding.problem}"


def _repair(arguments: argparse.Namespace) -> bool:
    folder, offset = arguments.folder, arguments.truncate_at
    if log_tools.partition_folders(folder) != [folder]:
        complain(f"{folder} is not the folder of a partition")
        return False
    with _locked([folder]):
        truncated = log_tools.truncate(folder, offset)
    if truncated is None:
        print(f"{folder} has nothing at offset {offset} or behind it; nothing was changed")
        return True
    print(f"{folder} ends at offset {truncated.log_end_offset}, indexes are built anew")
    print(f"Removed {truncated.removed_bytes} bytes of records")
    for name in truncated.removed_files:
        print(f"Removed {name}")
    return True


def _locked(directories: "Iterable[Path]") -> ExitStack:
    """Keep brokers out of the data directories, as far as those have a lock already."""
    data_dirs = {place for one in directories for place in (one.resolve(), one.resolve().parent)}
    with ExitStack() as stack:
        for data_dir in sorted(data_dirs):
            if (data_dir / LOCK_FILE).exists():
                stack.enter_context(DataDirectories([str(data_dir)]))
        return stack.pop_all()
