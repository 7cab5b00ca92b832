"""Whose data the log directories hold."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from pybroker.store import Store, StoreError
from pybroker.store.identity import META_PROPERTIES, Claimed, claim


@pytest.fixture
def dirs(tmp_path: Path) -> list[Path]:
    """Two directories; the first one has the store."""
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        path.mkdir()
    return paths


def claimed(dirs: list[Path], *, node_id: int = 1, ids: Iterator[int] | None = None) -> Claimed:
    numbers = ids or count(1)
    store = Store(str(dirs[0]))
    try:
        return claim(
            store,
            [str(path) for path in dirs],
            node_id=node_id,
            new_id=lambda: f"id{next(numbers)}",
        )
    finally:
        store.close()


def test_the_cluster_id_is_made_once(dirs):
    assert claimed(dirs).cluster_id == "id1"
    assert claimed(dirs, ids=count(10)) == Claimed("id1", {})


def test_every_directory_has_meta_properties_as_kafka_writes_them(dirs):
    claimed(dirs)
    texts = [(path / META_PROPERTIES).read_text() for path in dirs]
    assert texts == [
        "cluster.id=id1\ndirectory.id=id2\nnode.id=1\nversion=1\n",
        "cluster.id=id1\ndirectory.id=id3\nnode.id=1\nversion=1\n",
    ]
    claimed(dirs, ids=count(10))
    assert [(path / META_PROPERTIES).read_text() for path in dirs] == texts


def test_meta_properties_follow_the_node_id(dirs):
    claimed(dirs)
    claimed(dirs, node_id=3)
    for path in dirs:
        assert "node.id=3\n" in (path / META_PROPERTIES).read_text()


@pytest.mark.parametrize("index", [0, 1])
def test_a_directory_of_a_kafka_broker_is_refused_and_left_alone(dirs, index):
    meta = dirs[index] / META_PROPERTIES
    meta.write_text("#\ncluster.id=kafka\nnode.id=1\nversion=1\n")
    with pytest.raises(StoreError, match="belongs to a Kafka broker"):
        claimed(dirs)
    assert "cluster.id=kafka" in meta.read_text()


def test_a_directory_of_another_cluster_is_refused(dirs, tmp_path):
    claimed(dirs[:1])
    claimed(dirs[1:], ids=count(10))
    with pytest.raises(StoreError, match=r"b belongs to another cluster, id10, than .*a, which"):
        claimed(dirs)


def test_directories_in_another_order_are_refused_with_the_right_one(dirs):
    claimed(dirs)
    with pytest.raises(StoreError, match=r"control state is in .*a, not in .*b. Name .*a first"):
        claimed(dirs[::-1])


def test_a_copy_of_a_directory_is_refused(dirs):
    claimed(dirs)
    (dirs[1] / META_PROPERTIES).write_text((dirs[0] / META_PROPERTIES).read_text())
    with pytest.raises(StoreError, match=r"have the same directory\.id"):
        claimed(dirs)


def test_a_directory_that_cannot_be_used_is_reported_and_the_others_go_on(dirs):
    (dirs[1] / META_PROPERTIES).mkdir()
    cluster_id, failures = claimed(dirs)
    assert cluster_id == "id1"
    assert list(failures) == [str(dirs[1])]
    assert "Is a directory" in failures[str(dirs[1])]


def test_an_empty_directory_in_the_place_of_another_is_reported_and_left_empty(dirs):
    claimed(dirs)
    mounted = dirs[1].rename(dirs[1].with_name("elsewhere"))
    for _ in range(2):
        dirs[1].mkdir(exist_ok=True)
        (dirs[1] / ".lock").touch()
        cluster_id, failures = claimed(dirs)
        assert cluster_id == "id1"
        assert list(failures) == [str(dirs[1])]
        assert "it is empty, and was the log directory id3" in failures[str(dirs[1])]
        assert [path.name for path in dirs[1].iterdir()] == [".lock"]
    (dirs[1] / ".lock").unlink()
    dirs[1].rmdir()
    mounted.rename(dirs[1])
    assert claimed(dirs) == Claimed("id1", {})


def test_a_directory_begins_anew_after_a_start_without_it(dirs):
    claimed(dirs)
    (dirs[1] / META_PROPERTIES).unlink()
    claimed(dirs[:1])
    assert claimed(dirs, ids=count(10)) == Claimed("id1", {})
    assert "directory.id=id10\n" in (dirs[1] / META_PROPERTIES).read_text()


def test_a_directory_with_logs_may_lose_its_meta_properties(dirs):
    claimed(dirs)
    (dirs[1] / META_PROPERTIES).unlink()
    (dirs[1] / "orders-0").mkdir()
    assert claimed(dirs, ids=count(10)) == Claimed("id1", {})


def test_a_store_in_memory_has_a_cluster_id_and_no_file():
    store = Store(None)
    assert claim(store, [], node_id=1, new_id=lambda: "first") == Claimed("first", {})
    store.close()
