"""Names what differs between the answers of two brokers, and whether it differs on purpose."""

import fnmatch
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

FINDINGS: Final = Path(__file__).with_name("FINDINGS.md")
MISSING: Final = "<missing>"

# What an item of a list is known by, the first that it has.
ITEM_KEYS: Final = (
    *("name", "topic", "topic_id", "partition_index", "partition", "index", "api_key", "node_id"),
    *("group_id", "key", "member_id", "resource_name", "base_offset", "offset_delta"),
)
WORDING: Final = frozenset({"error_message", "batch_index_error_message"})


class Difference(NamedTuple):
    """One value that is not the same; the path says so when pybroker lacks it or added it."""

    conversation: str
    path: str
    kafka: Any
    pybroker: Any

    @property
    def wording(self) -> bool:
        """Say whether both explain an error, in other words."""
        named = self.path.rpartition(".")[2] in WORDING
        return named and bool(self.kafka) and bool(self.pybroker)

    def __str__(self) -> str:
        return f"{self.conversation}: {self.path}: {self.kafka!r} != {self.pybroker!r}"


class OnPurpose(NamedTuple):
    """A row of FINDINGS.md: patterns of conversation and path, and why."""

    conversation: str
    path: str
    reason: str

    def covers(self, difference: Difference) -> bool:
        """Say whether the row is about this difference."""
        return fnmatch.fnmatchcase(difference.conversation, self.conversation) and (
            fnmatch.fnmatchcase(difference.path, self.path)
        )


def read_findings() -> list[OnPurpose]:
    """Read the rows of FINDINGS.md's table."""
    rows = re.findall(r"^\| `(.+?)` \| `(.+?)` \| (.+) \|$", FINDINGS.read_text(), re.MULTILINE)
    return [OnPurpose(*row) for row in rows]


def differences(
    conversation: str, kafka: Sequence[Any], pybroker: Sequence[Any]
) -> list[Difference]:
    """Compare the outcomes of one conversation, step by step."""
    found = []
    for number in range(max(len(kafka), len(pybroker))):
        ours = pybroker[number] if number < len(pybroker) else MISSING
        theirs = kafka[number] if number < len(kafka) else MISSING
        for path, left, right in _walk(f"{number}", theirs, ours):
            absent = " missing" if right == MISSING else " added" if left == MISSING else ""
            found.append(Difference(conversation, path + absent, left, right))
    return found


def unexplained(found: Sequence[Difference], findings: Sequence[OnPurpose]) -> list[Difference]:
    """Leave what is neither wording nor on purpose."""
    return [
        each for each in found if not each.wording and not any(row.covers(each) for row in findings)
    ]


def _walk(path: str, left: Any, right: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(left, dict) and isinstance(right, dict):
        for key in dict.fromkeys((*left, *right)):
            yield from _walk(f"{path}.{key}", left.get(key, MISSING), right.get(key, MISSING))
    elif isinstance(left, list) and isinstance(right, list):
        ours, theirs = _keyed(right), _keyed(left)
        for key in dict.fromkeys((*theirs, *ours)):
            yield from _walk(f"{path}.{key}", theirs.get(key, MISSING), ours.get(key, MISSING))
    elif left != right or isinstance(left, bool) is not isinstance(right, bool):
        yield path, left, right


def _keyed(items: list[Any]) -> dict[str, Any]:
    keyed: dict[str, Any] = {}
    for number, item in enumerate(items):
        name = str(number)
        if isinstance(item, dict):
            name = next((str(item[key]) for key in ITEM_KEYS if item.get(key) is not None), name)
        keyed[name if name not in keyed else f"{name}#{number}"] = item
    return keyed
