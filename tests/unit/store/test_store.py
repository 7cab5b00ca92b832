"""The store: what is committed stays, what is not goes, a failure is told until recovery."""

import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pybroker.store import Store, StoreError, checkpointer, cluster, groups, topics
from pybroker.store.cluster import ClusterPropertySet
from pybroker.store.database import DATABASE_NAME
from pybroker.store.schema import MIGRATIONS, STATEMENTS
from pybroker.store.topics import (
    PartitionSet,
    TopicConfigRemoved,
    TopicConfigSet,
    TopicCreated,
    TopicDeleted,
)

TOPIC_ID = bytes(range(16))
CHANGES = [
    TopicCreated(TOPIC_ID, "orders"),
    PartitionSet(TOPIC_ID, 0, 1, 0, "1,2", "1,2"),
    PartitionSet(TOPIC_ID, 1, 2, 0, "2,1", "2"),
    TopicConfigSet(TOPIC_ID, "cleanup.policy", "compact"),
]


def test_a_loaded_topic_is_made_of_the_changes_that_made_it(tmp_path):
    store = Store(str(tmp_path))
    store.apply(CHANGES)
    store.commit()
    store.close()

    store = Store(str(tmp_path))
    assert list(topics.load(store)) == CHANGES
    store.close()


def test_a_store_without_a_directory_is_in_memory():
    store = Store(None)
    store.apply(CHANGES)
    store.commit()
    assert list(topics.load(store)) == CHANGES
    store.close()


def test_later_changes_replace_earlier_ones():
    store = Store(None)
    store.apply(CHANGES)
    store.apply([PartitionSet(TOPIC_ID, 0, 2, 1, "1,2", "2")])
    store.apply([TopicConfigSet(TOPIC_ID, "cleanup.policy", "delete")])
    store.commit()
    assert list(topics.load(store)) == [
        CHANGES[0],
        PartitionSet(TOPIC_ID, 0, 2, 1, "1,2", "2"),
        CHANGES[2],
        TopicConfigSet(TOPIC_ID, "cleanup.policy", "delete"),
    ]
    store.close()


def test_a_removed_config_is_gone():
    store = Store(None)
    store.apply([*CHANGES, TopicConfigRemoved(TOPIC_ID, "cleanup.policy")])
    store.commit()
    assert list(topics.load(store)) == CHANGES[:-1]
    store.close()


def test_a_deleted_topic_takes_its_partitions_and_configs_along():
    store = Store(None)
    store.apply([*CHANGES, TopicDeleted(TOPIC_ID)])
    store.commit()
    for table in ("topics", "partitions", "topic_configs"):
        assert list(store.query(f"SELECT * FROM {table}")) == []
    store.close()


def test_a_name_can_be_used_again_after_its_deletion():
    store = Store(None)
    again = TopicCreated(bytes(15) + b"\x07", "orders")
    store.apply([*CHANGES, TopicDeleted(TOPIC_ID), again])
    store.commit()
    assert list(topics.load(store)) == [again]
    store.close()


def test_what_is_not_committed_is_gone_after_a_restart(tmp_path):
    store = Store(str(tmp_path))
    store.apply(CHANGES)
    store.close()

    store = Store(str(tmp_path))
    assert list(topics.load(store)) == []
    store.close()


def test_a_rollback_forgets_the_open_transaction_only():
    store = Store(None)
    store.apply(CHANGES)
    store.commit()
    store.apply([TopicDeleted(TOPIC_ID)])
    store.rollback()
    assert list(topics.load(store)) == CHANGES
    store.close()


def test_a_commit_without_changes_does_nothing():
    store = Store(None)
    store.commit()
    store.apply([])
    store.commit()
    store.close()


def test_a_failed_change_takes_the_transaction_with_it_and_is_told_until_recovery():
    store = Store(None)
    other = TopicCreated(bytes(16), "other")
    store.apply([other])
    with pytest.raises(StoreError, match="cannot be written"):
        store.apply([TopicCreated(bytes(16), "the id is taken")])
    # The change of another request went with it: nobody may answer as if it held.
    with pytest.raises(StoreError):
        store.commit()
    with pytest.raises(StoreError):
        store.apply([other])
    store.recover()
    assert list(topics.load(store)) == []
    store.apply([other])
    store.commit()
    assert list(topics.load(store)) == [other]
    store.close()


def test_a_newer_schema_is_refused_with_a_clear_error(tmp_path):
    Store(str(tmp_path)).close()
    connection = sqlite3.connect(tmp_path / DATABASE_NAME)
    with connection:
        connection.execute("INSERT INTO schema_version VALUES (?)", (len(MIGRATIONS) + 1,))
    connection.close()
    with pytest.raises(StoreError, match="a newer pybroker wrote it"):
        Store(str(tmp_path))


def test_a_file_that_is_no_database_is_refused_with_its_name(tmp_path):
    (tmp_path / DATABASE_NAME).write_bytes(b"not a database" * 1_000)
    with pytest.raises(StoreError, match=DATABASE_NAME):
        Store(str(tmp_path))


def test_every_change_type_has_as_many_fields_as_its_statement_has_parameters():
    for change_type, sql in STATEMENTS.items():
        assert sql.count("?") == len(change_type._fields), change_type


def test_every_area_adds_its_statements_to_the_schema():
    for area in (cluster, topics, groups):
        assert area.STATEMENTS.items() <= STATEMENTS.items()


def test_a_property_of_the_cluster_is_replaced():
    store = Store(None)
    store.apply([ClusterPropertySet("cluster.id", "a"), ClusterPropertySet("cluster.id", "b")])
    store.commit()
    assert list(cluster.load(store)) == [ClusterPropertySet("cluster.id", "b")]
    store.close()


def test_closing_leaves_one_file(tmp_path):
    store = Store(str(tmp_path))
    store.apply(CHANGES)
    store.commit()
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == [DATABASE_NAME]


def test_closing_ends_the_checkpointer(tmp_path):
    before = threading.active_count()
    store = Store(str(tmp_path))
    assert threading.active_count() == before + 1
    store.close()
    assert threading.active_count() == before


def test_the_log_stays_bounded_under_commits_that_never_pause(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpointer, "WAL_LIMIT_BYTES", 256 * 1024)
    monkeypatch.setattr(checkpointer, "CHECKPOINT_AFTER_CHANGES", 50)
    store = Store(str(tmp_path))
    wal = Path(f"{tmp_path / DATABASE_NAME}-wal")
    store.apply(CHANGES)
    sizes = []
    # 5,000 commits write some 60 MiB of pages; what counts is that the log starts over.
    for value in range(5_000):
        store.apply([TopicConfigSet(TOPIC_ID, "cleanup.policy", f"{value:04}" * 500)])
        store.commit()
        sizes.append(wal.stat().st_size)
    assert sizes[-1] < 32 * 1024 * 1024
    store.close()


KILLED = """
import sys
from pybroker.store import Store
from pybroker.store.topics import TopicCreated

store = Store(sys.argv[1])
for number in range(1_000_000):
    store.apply([TopicCreated(number.to_bytes(16, "big"), str(number))])
    store.commit()
    print(number, flush=True)
"""


def test_what_was_committed_survives_kill_9(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    while int(next(lines)) < 500:
        pass
    process.send_signal(signal.SIGKILL)
    last = max(map(int, [line for line in lines if line.endswith("\n")]), default=500)
    process.wait()
    process.stdout.close()

    store = Store(str(tmp_path))
    names = {change.name for change in topics.load(store)}
    assert names >= {str(number) for number in range(last + 1)}
    store.close()
