"""The batches of a partition's folder as Kafka's own tool reads them, and what it finds wrong."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from compat.kafka import Tool

FIELD: Final = re.compile(r"(\w+): (\S+)")
# Where a batch lies and how large it is depends on the base timestamp, which is ours to choose; a
# horizon is a time of day.
NOT_COMPARED: Final = frozenset({"position", "size", "crc", "deleteHorizonMs", "sequence"})
COMPLAINTS: Final = ("Mismatches", "not found", "out of order", "Exception", "isvalid: false")


class DumpedBatch(NamedTuple):
    """A batch, without what may differ."""

    fields: tuple[tuple[str, str], ...]
    has_horizon: bool
    records: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether only the header is left."""
        return not self.records


def dump(folder: Path) -> list[DumpedBatch]:
    """Read every segment, in order."""
    return [batch for path in sorted(folder.glob("*.log")) for batch in _dump_segment(path)]


def complaints(folder: Path) -> Iterator[str]:
    """Say what the tool finds wrong with segments and indexes."""
    for path in sorted(folder.iterdir()):
        if path.suffix in {".log", ".index", ".timeindex", ".txnindex"}:
            checks = (("--deep-iteration",), ("--verify-index-only",), ("--index-sanity-check",))
            for options in checks[:1] if path.suffix in {".log", ".txnindex"} else checks[1:]:
                for line in _run(path, *options):
                    if any(complaint in line for complaint in COMPLAINTS):
                        yield f"{path.name}: {line}"


def _dump_segment(path: Path) -> Iterator[DumpedBatch]:
    header, records = "", list[str]()
    for line in _run(path, "--deep-iteration"):
        if line.startswith("baseOffset:"):
            if header:
                yield _batch(header, records)
            header, records = line, []
        elif line.startswith("|"):
            records.append(" ".join(line.split()))
    if header:
        yield _batch(header, records)


def _batch(header: str, records: list[str]) -> DumpedBatch:
    fields = FIELD.findall(header)
    compared = tuple((name, value) for name, value in fields if name not in NOT_COMPARED)
    horizon = dict(fields).get("deleteHorizonMs", "")
    return DumpedBatch(compared, horizon.startswith("OptionalLong["), tuple(records))


def _run(path: Path, *options: str) -> list[str]:
    result = Tool("DumpLogSegments").run(*options, "--files", str(path))
    assert result.exit_code == 0, result.stderr
    return result.lines + result.stderr.splitlines()
