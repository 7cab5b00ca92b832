"""The house rules no other tool holds: what is served has a file and a test; files are short."""

import re
import subprocess
from pathlib import Path

import pytest

from pybroker.api import Api
from pybroker.data_plane import FETCH_VERSIONS, PRODUCE_VERSIONS
from pybroker.handlers import HANDLERS

ROOT = Path(__file__).parents[2]

LINES_MAX = 600
# A table of the protocol is as long as the protocol.
LONGER_WITH_A_REASON = frozenset(
    {
        "pybroker/configs/keys.py",
        "pybroker/configs/topic_keys.py",
        "pybroker/configs/kafka_keys.py",
    }
)

IMPORTERS_OF_NATIVE = {
    "pybroker/data_plane.py",
    "pybroker/groups/consumer/regular_expressions.py",
    "pybroker/log_tools.py",
    "pybroker/protocol/codec.py",
}
CONFLICT = re.compile(rb"^(<{7}|>{7}|\|{7})( |$)|^={7}$", re.MULTILINE)
LEFTOVERS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|todo!\(|unimplemented!\(")


def sources(*endings: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", *(f"*{ending}" for ending in endings)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.exists()]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_handlers_stand_in_the_order_of_their_keys() -> None:
    keys = [api.key for api in HANDLERS]
    assert keys == sorted(set(keys))


@pytest.mark.parametrize("api", HANDLERS, ids=lambda api: api.name)
def test_a_handler_says_the_versions_that_the_table_has(api: Api) -> None:
    first_line = (ROOT / f"pybroker/handlers/{api.name}.py").read_text().partition("\n")[0]
    title = api.name.title().replace("_", "")
    versions = f"{api.min_version}-{api.max_version}"
    assert first_line == f'"""{title} (API key {api.key}), versions {versions}.'


@pytest.mark.parametrize("api", HANDLERS, ids=lambda api: api.name)
def test_a_handler_has_a_test_over_the_wire(api: Api) -> None:
    assert (ROOT / f"tests/api/test_{api.name}.py").exists()


def test_the_readme_lists_what_is_served() -> None:
    readme = (ROOT / "README.md").read_text()
    listed = set(re.findall(r"\| (\w+)(?: \(idempotent\))? \| (\d+)\u2013(\d+) ", readme))
    served = {
        (api.name.title().replace("_", ""), api.min_version, api.max_version) for api in HANDLERS
    }
    served |= {("Produce", *PRODUCE_VERSIONS), ("Fetch", *FETCH_VERSIONS)}
    assert listed == {(name, str(first), str(last)) for name, first, last in served}


def test_no_file_is_long() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in sources(".py", ".rs")}
    long = {name for name, length in lengths.items() if length > LINES_MAX}
    assert long - LONGER_WITH_A_REASON == set()


def test_only_the_boundary_imports_the_native_module() -> None:
    importers = {
        name_of(path)
        for path in sources(".py")
        if name_of(path).startswith("pybroker/")
        and re.search(r"^\s*(from|import) pybroker\._native\b", path.read_text(), re.MULTILINE)
    }
    assert importers == IMPORTERS_OF_NATIVE


def test_python_is_attached_in_the_binding_only() -> None:
    naming = {name_of(path) for path in sources(".rs") if "pyo3" in path.read_text()}
    assert {name for name in naming if not name.startswith("rust/python/")} == set()


def test_nothing_is_left_for_later() -> None:
    this = Path(__file__)
    marked = {
        name_of(path)
        for path in sources(".py", ".pyi", ".rs", ".toml")
        if path != this and LEFTOVERS.search(path.read_text())
    }
    assert marked == set()


def test_no_merge_was_left_half_done() -> None:
    text = {path: path.read_bytes() for path in sources("")}
    marked = {name_of(path) for path, it in text.items() if b"\0" not in it and CONFLICT.search(it)}
    assert marked == set()


def test_the_file_map_has_every_rust_module_and_nothing_that_is_gone() -> None:
    design = (ROOT / "docs/design.md").read_text()
    named = set(re.findall(r"(?<![*\w])\w+\.(?:rs|py)\b", design))
    assert named - {path.name for path in sources(".rs", ".py")} == set()
    modules = {
        path.name
        for path in sources(".rs")
        if name_of(path).startswith("rust/") and path.parts[-2] == "src"
    }
    not_listed = {"lib.rs"} | {name for name in modules if name.endswith("_tests.rs")}
    assert modules - named - not_listed == set()


def test_a_page_has_one_title() -> None:
    for path in sources(".md"):
        prose = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
        assert len(re.findall(r"^# ", prose, re.MULTILINE)) == 1, path
