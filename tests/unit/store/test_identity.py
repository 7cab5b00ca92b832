"""Whose data a directory holds."""

import pytest

from pybroker.store import Store, StoreError
from pybroker.store.identity import META_PROPERTIES, claim


def claimed(tmp_path, **ids):
    store = Store(str(tmp_path))
    try:
        return claim(
            store,
            str(tmp_path),
            **{"node_id": 1, "new_cluster_id": "first", "new_directory_id": "directory"} | ids,
        )
    finally:
        store.close()


def test_the_cluster_id_is_made_once(tmp_path):
    assert claimed(tmp_path) == "first"
    assert claimed(tmp_path, new_cluster_id="second", new_directory_id="other") == "first"


def test_meta_properties_are_as_kafka_writes_them(tmp_path):
    claimed(tmp_path)
    assert (tmp_path / META_PROPERTIES).read_text() == (
        "cluster.id=first\ndirectory.id=directory\nnode.id=1\nversion=1\n"
    )


def test_meta_properties_follow_the_node_id(tmp_path):
    claimed(tmp_path)
    claimed(tmp_path, node_id=3)
    assert "node.id=3\n" in (tmp_path / META_PROPERTIES).read_text()


def test_a_directory_of_a_kafka_broker_is_refused_and_left_alone(tmp_path):
    (tmp_path / META_PROPERTIES).write_text("cluster.id=kafka\nnode.id=1\nversion=1\n")
    with pytest.raises(StoreError, match="belongs to a Kafka broker"):
        claimed(tmp_path)
    assert "cluster.id=kafka" in (tmp_path / META_PROPERTIES).read_text()


def test_a_store_in_memory_has_a_cluster_id_and_no_file():
    store = Store(None)
    ids = {"node_id": 1, "new_cluster_id": "first", "new_directory_id": "directory"}
    assert claim(store, None, **ids) == "first"
    store.close()
