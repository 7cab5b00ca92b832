"""A data directory is made, locked, and a temporary one removed."""

import subprocess
import sys
from pathlib import Path

import pytest

from pybroker.data_directory import DataDirectory, DataDirectoryError


def test_a_missing_directory_is_made(tmp_path: Path) -> None:
    with DataDirectory(str(tmp_path / "a" / "b")) as directory:
        assert (Path(directory.path) / ".lock").exists()
    assert Path(directory.path).is_dir()


def test_a_directory_in_use_is_named(tmp_path: Path) -> None:
    message = f"{tmp_path} is in use by another broker"
    with DataDirectory(str(tmp_path)), pytest.raises(DataDirectoryError, match=message):
        DataDirectory(str(tmp_path))
    with DataDirectory(str(tmp_path)):
        pass


def test_a_directory_in_use_by_another_process_is_refused(tmp_path: Path) -> None:
    program = (
        "import sys; from pybroker.data_directory import DataDirectory\nDataDirectory(sys.argv[1])"
    )
    with DataDirectory(str(tmp_path)):
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
    with DataDirectory(str(tmp_path)):
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
        DataDirectory(str(path))


def test_a_temporary_directory_is_gone_after_close(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    directory = DataDirectory.temporary()
    assert Path(directory.path).parent == tmp_path
    (Path(directory.path) / "data").write_text("x")
    directory.close()
    directory.close()
    assert list(tmp_path.iterdir()) == []
