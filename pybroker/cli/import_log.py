"""`pybroker import-log`: take a partition over that real Kafka, or pybroker, wrote.

Promises:
  * The source is never changed. What is served afterwards is what its broker served: records,
    transactions, timestamps, leader epochs, producers, and where the log starts.
  * Either everything is done or nothing: a copy is checked before the topic comes to be, and an
    interrupted one is removed by the next start.
  * Exit code 0, 1 with one line that says why not, 2 for a command line that cannot be read.
"""

import argparse
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pybroker import log_tools
from pybroker.cli.messages import complain
from pybroker.configs import validate_topic_configs
from pybroker.configs.loading import load_config
from pybroker.configs.values import ConfigError
from pybroker.data_directory import DataDirectories, DataDirectoryError
from pybroker.errors import KafkaError
from pybroker.log_tools import LogToolError, StagedLog
from pybroker.metadata.carry_out import log_config_of
from pybroker.metadata.decisions.import_partition import decide_import, in_term
from pybroker.metadata.placement import Placement
from pybroker.metadata.topics import Topics
from pybroker.metadata.uuids import random_uuid
from pybroker.store import topics as stored_topics
from pybroker.store.database import DATABASE_NAME, Store, StoreError
from pybroker.store.identity import META_PROPERTIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pybroker.configs import Config


class RefusedImportError(Exception):
    """The log cannot be taken over. The text is for the user."""


def main(words: "Sequence[str]") -> int:
    """Run `pybroker import-log` with the words behind it. Gives the exit code."""
    arguments = _parser().parse_args(words)
    try:
        where = {} if arguments.data_dir is None else {"log.dirs": arguments.data_dir}
        config = load_config(file=arguments.config, environment=os.environ, where=where).config
        partition = _partition(arguments)
        _require_ours(Path(config.log_dir))
        with DataDirectories(config.log_dirs):
            staged = _import(config, arguments, partition)
    except (ConfigError, DataDirectoryError, RefusedImportError, LogToolError, StoreError) as error:
        complain(str(error))
        return 1
    except KafkaError as error:
        complain(f"{arguments.topic} cannot take the log over: {error.message or error.code.name}")
        return 1
    print(_summary(arguments.topic, partition, staged))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pybroker import-log",
        description="Copy the folder of a partition, of Kafka or of pybroker, into a data"
        " directory that no broker uses.",
    )
    parser.add_argument(
        "folder", metavar="DIR", type=Path, help="the folder, as kafka-logs/orders-0"
    )
    parser.add_argument("--topic", metavar="NAME", required=True, help="made if it is missing")
    parser.add_argument(
        "--partition", metavar="N", type=int, help="as the folder's name says by default"
    )
    parser.add_argument("--data-dir", metavar="DIR", help="where the broker keeps its data")
    parser.add_argument("--config", metavar="FILE", help="the broker's server.properties")
    parser.add_argument(
        "--topic-config",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="a config of the topic that is made, as cleanup.policy=compact; may be repeated",
    )
    return parser


def _partition(arguments: argparse.Namespace) -> int:
    if not arguments.folder.is_dir():
        raise RefusedImportError(f"{arguments.folder} is not a folder")
    if arguments.partition is not None:
        partition: int = arguments.partition
        if partition < 0:
            raise RefusedImportError(f"--partition expects 0 or more, not {partition}")
        return partition
    name = log_tools.partition_name(arguments.folder)
    if name is None:
        raise RefusedImportError(
            f"The name of {arguments.folder} ends with no partition's number; give --partition N"
        )
    return name[1]


def _require_ours(data_dir: Path) -> None:
    """Refuse the data directory of a Kafka broker before anything is written to it."""
    if (data_dir / META_PROPERTIES).exists() and not (data_dir / DATABASE_NAME).exists():
        raise RefusedImportError(
            f"{data_dir} belongs to a Kafka broker; name pybroker's own with --data-dir DIR"
        )


def _import(config: "Config", arguments: argparse.Namespace, partition: int) -> StagedLog:
    store = Store(config.log_dir)
    try:
        topics = Topics(stored_topics.load(store))
        target = decide_import(
            topics,
            arguments.topic,
            partition,
            configs=dict(map(_topic_config, arguments.topic_config)),
            placement=_placement(config),
            validate_configs=partial(validate_topic_configs, config=config),
            new_uuid=partial(random_uuid, os.urandom),
        )
        folder = _place(config, f"{arguments.topic}-{partition}")
        staged = log_tools.stage(
            arguments.folder, folder, target.topic_id, log_config_of(config, target.configs)
        )
        store.apply(in_term(topics, target, partition, staged.leader_epoch))
        store.commit()
        log_tools.place(staged, folder.parent, arguments.topic, partition)
        return staged
    finally:
        store.close()


def _place(config: "Config", name: str) -> Path:
    """Find the place of a partition among the log directories; refuse one with records."""
    log_dirs = [Path(log_dir) for log_dir in config.log_dirs]
    for folder in (log_dir / name for log_dir in log_dirs):
        if not log_tools.is_unused(folder):
            raise RefusedImportError(f"Partition {name} has records already: {folder}")
        if folder.exists():
            return folder
    fewest = min(log_dirs, key=lambda log_dir: len(log_tools.partition_folders(log_dir)))
    return fewest / name


def _topic_config(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise RefusedImportError(f"--topic-config expects KEY=VALUE, not {text}")
    return key.strip(), value


def _placement(config: "Config") -> Placement:
    return Placement(
        node_ids=tuple(config.node_ids),
        default_partitions=config.num_partitions,
        default_replication_factor=config.default_replication_factor,
        replication_factor_cap=config.pybroker_replication_factor_cap,
    )


def _summary(topic: str, partition: int, staged: StagedLog) -> str:
    lines = [
        (
            f"{topic}-{partition}: offsets {staged.log_start_offset} to"
            f" {staged.log_end_offset}, {staged.size_bytes} bytes"
        )
    ]
    if staged.last_stable_offset < staged.log_end_offset:
        lines.append(
            f"A transaction is open from offset {staged.last_stable_offset} on: consumers with"
            " read_committed get no further until it is ended"
        )
    if staged.torn_bytes:
        lines.append(f"{staged.torn_bytes} bytes at the end are no whole batch and were left out")
    return "\n".join(lines)
