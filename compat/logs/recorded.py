"""A partition that real Kafka wrote, and what its consumers read of it, kept for the tests.

`moved-0.tar.gz` holds the folder, and the checkpoint of its log directory that says where the log
starts; `moved-0.json` what each isolation level showed. `python -m compat record-logs` makes both.
"""

import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from compat.logs.reading import Partition, Record

PLACE: Final = Path(__file__).with_name("recorded_partition")
ARCHIVE: Final = PLACE / "moved-0.tar.gz"
EXPECTED: Final = PLACE / "moved-0.json"
CHECKPOINT: Final = "log-start-offset-checkpoint"


def keep(log_dir: Path, folder: str, expected: Mapping[str, Partition]) -> None:
    """Write both files anew."""
    PLACE.mkdir(exist_ok=True)
    with tarfile.open(ARCHIVE, "w:gz") as archive:
        for path in (log_dir / folder, log_dir / CHECKPOINT):
            archive.add(path, path.name, filter=_anonymous)
    texts = {level: _to_json(partition) for level, partition in expected.items()}
    EXPECTED.write_text(json.dumps(texts, indent=1) + "\n")


def unpack(log_dir: Path) -> dict[str, Partition]:
    """Lay the folder and the checkpoint down, and give what Kafka's consumers read."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(log_dir, filter="data")
    texts = json.loads(EXPECTED.read_text())
    return {level: _from_json(text) for level, text in texts.items()}


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _to_json(partition: Partition) -> dict[str, Any]:
    records = [
        [
            *(record.offset, record.timestamp, record.leader_epoch),
            *(record.key.decode(), record.value.decode()),
            [[name, value.decode()] for name, value in record.headers],
        ]
        for record in partition.records
    ]
    return partition._asdict() | {"records": records}


def _from_json(text: dict[str, Any]) -> Partition:
    records = tuple(
        Record(
            offset=offset,
            timestamp=(timestamp[0], timestamp[1]),
            leader_epoch=leader_epoch,
            key=key.encode(),
            value=value.encode(),
            headers=tuple((name, content.encode()) for name, content in headers),
        )
        for offset, timestamp, leader_epoch, key, value, headers in text["records"]
    )
    return Partition(
        records=records,
        earliest=text["earliest"],
        latest=text["latest"],
        largest_timestamp=tuple(text["largest_timestamp"]),
        by_timestamp=tuple((offset, timestamp) for offset, timestamp in text["by_timestamp"]),
    )
