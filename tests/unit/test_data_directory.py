"""A data directory is made, locked, and a temporary one removed."""

import subprocess
import sys
from pathlib import Path

import pytest

from pybroker.data_directory import DataDirectories, DataDirectoryError


def test_a_missing_directory_is_made(tmp_path: Path) -> None:
    with DataDirectories([str(tmp_path / "a" / "b")]) as directories:
        assert (Path(directories.paths[0]) / ".lock").exists()
    assert Path(directories.paths[0]).is_dir()


def test_a_directory_in_use_is_named(tmp_path: Path) -> None:
    message = f"{tmp_path} is in use by another broker"
    with DataDirectories([str(tmp_path)]), pytest.raises(DataDirectoryError, match=message):
        DataDirectories([str(tmp_path)])
    with DataDirectories([str(tmp_path)]):
        pass


def test_a_directory_in_use_by_another_process_is_refused(tmp_path: Path) -> None:
    program = (
        "import sys; from pybroker.data_directory import DataDirectories\n"
        "DataDirectories(sys.argv[1:])"
    )
    with DataDirectories([str(tmp_path)]):
        ended = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert "is in use by another broker" in ended.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Kafka's lock is a POSIX lock")
def test_the_lock_that_kafka_takes_is_taken(tmp_path: Path) -> None:
    program = (
        "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    )
    with DataDirectories([str(tmp_path)]):
        ended = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / ".lock")],
            capture_output=True,
            text=True,
            check=False,
        )
    assert "BlockingIOError" in ended.stderr


def test_a_path_that_is_a_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(DataDirectoryError, match=f"{path} cannot be used: File exists"):
        DataDirectories([str(path)])


def test_a_temporary_directory_is_gone_after_close(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    directories = DataDirectories.temporary()
    (path,) = map(Path, directories.paths)
    assert path.parent == tmp_path
    (path / "data").write_text("x")
    directories.close()
    directories.close()
    assert list(tmp_path.iterdir()) == []


def test_all_of_several_directories_are_locked(tmp_path: Path) -> None:
    first, second = str(tmp_path / "a"), str(tmp_path / "b")
    with DataDirectories([first, second]):
        for paths in ([first], [second], [str(tmp_path / "c"), second]):
            with pytest.raises(DataDirectoryError, match="is in use by another broker"):
                DataDirectories(paths)
    with DataDirectories([second, str(tmp_path / "c")]):
        pass


def test_a_directory_named_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(DataDirectoryError, match="link is named twice"):
        DataDirectories([str(tmp_path), str(tmp_path / "link")])


def test_only_the_first_directory_must_be_usable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with DataDirectories([str(tmp_path / "a"), str(tmp_path / "file")]):
        pass
    with pytest.raises(DataDirectoryError, match="file cannot be used"):
        DataDirectories([str(tmp_path / "file"), str(tmp_path / "a")])
