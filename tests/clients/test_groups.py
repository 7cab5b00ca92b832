"""Groups of real clients: partitions shared, handed over, and read on where the group stands."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import pytest

from pybroker import Broker
from tests.support.clients import LIBRARIES
from tests.support.clients.library import (
    Admin,
    Consumer,
    Library,
    Message,
    Record,
)
from tests.support.clients.reading import (
    read_count,
    read_until,
    wait_for_assignments,
)
from tests.support.waiting import wait_until

PARTITIONS = 6
TOPIC = "orders"
GROUP = "readers"
ALL = {(TOPIC, partition) for partition in range(PARTITIONS)}
# A member that was killed is missed after so long.
SHORT_SESSION_TIMEOUT_MS = 1_500

Assignments = Sequence[set[tuple[str, int]]]


@pytest.fixture
def topic(admin: Admin) -> str:
    """A topic with six partitions."""
    admin.create_topic(TOPIC, PARTITIONS)
    return TOPIC


@pytest.fixture
def start_member_process(broker: Broker) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start members in processes of their own, which can be killed."""
    started: list[subprocess.Popen[str]] = []

    def start(library_name: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.support.clients.member", library_name]
        arguments = [broker.bootstrap_servers, GROUP, TOPIC, str(SHORT_SESSION_TIMEOUT_MS)]
        process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def numbered(start: int, count: int) -> list[Message]:
    """Numbered values, one partition after the other."""
    return [
        Message(str(number).encode(), partition=number % PARTITIONS)
        for number in range(start, start + count)
    ]


def are_shared(assignments: Assignments, sizes: Sequence[int]) -> bool:
    """Say whether every partition has one reader, and each reader so many."""
    owned = [partition for assignment in assignments for partition in assignment]
    return set(owned) == ALL and [len(each) for each in assignments] == list(sizes)


def are_shared_and_kept(
    sizes: Sequence[int], kept: list[set[tuple[str, int]]], assignments: Assignments
) -> bool:
    """Narrow `kept` down to what was never taken away in between; otherwise `are_shared`."""
    for index, assignment in enumerate(assignments[: len(kept)]):
        kept[index] &= assignment
    return are_shared(assignments, sizes)


def values(records: Sequence[Record]) -> list[int]:
    return [int(record.value or b"") for record in records]


def commit_all(consumers: Sequence[Consumer], records: Sequence[Record]) -> None:
    """Let each member commit what was read of its partitions."""
    ends = {(record.topic, record.partition): record.offset + 1 for record in records}
    for consumer in consumers:
        owned = consumer.assignment() & ends.keys()
        if owned:
            consumer.commit({partition: ends[partition] for partition in owned})


@pytest.mark.parametrize("assignor", ["range", "roundrobin"])
def test_three_members_share_the_partitions_and_one_leaves(
    library: Library, topic: str, assignor: str
) -> None:
    producer = library.producer()
    members = [library.member(GROUP, topic, assignor=assignor) for _ in range(3)]
    assert wait_for_assignments(members, lambda found: are_shared(found, [2, 2, 2])) == []
    producer.send_all(topic, numbered(0, 600))
    records = read_count(members, 600)
    assert sorted(values(records)) == list(range(600))
    commit_all(members, records)

    library.forget(members[1])
    members[1].close()
    remaining = [members[0], members[2]]
    assert wait_for_assignments(remaining, lambda found: are_shared(found, [3, 3])) == []
    producer.send_all(topic, numbered(600, 600))
    assert sorted(values(read_count(remaining, 600))) == list(range(600, 1_200))


def test_the_partitions_of_a_killed_member_are_read_by_the_others(
    library: Library,
    library_name: str,
    topic: str,
    start_member_process: Callable[[str], subprocess.Popen[str]],
) -> None:
    members = [
        library.member(GROUP, topic, session_timeout_ms=SHORT_SESSION_TIMEOUT_MS) for _ in range(2)
    ]
    process = start_member_process(library_name)
    assert (
        wait_for_assignments(members, lambda found: [len(each) for each in found] == [2, 2]) == []
    )
    lost = ALL - members[0].assignment() - members[1].assignment()
    producer = library.producer()
    producer.send_all(topic, numbered(0, 600))

    # It reads, commits nothing, and is gone without a word.
    assert process.stdout is not None
    seen: set[tuple[str, int]] = set()
    while seen != lost:
        seen |= {tuple(each) for each in json.loads(process.stdout.readline())}
    process.kill()
    process.wait()

    def is_taken_over(read: list[Record]) -> bool:
        shared = are_shared([each.assignment() for each in members], [3, 3])
        return shared and len(set(values(read))) == 600

    read_until(members, is_taken_over)
    producer.send_all(topic, numbered(600, 60))
    after = read_until(members, lambda read: set(values(read)) >= set(range(600, 660)))
    assert len([value for value in values(after) if value >= 600]) == 60


def test_a_group_reads_on_where_it_committed(library: Library, topic: str) -> None:
    producer = library.producer()
    producer.send_all(topic, numbered(0, 60))
    first = library.member(GROUP, topic)
    read_count([first], 60)
    first.commit({(topic, partition): 4 + partition for partition in range(PARTITIONS)})
    assert first.committed((topic, 3)) == 7
    library.forget(first)
    first.close()

    second = library.member(GROUP, topic)
    producer.send_all(topic, numbered(60, 6))
    # Ten were there and one came; four, five … nine of them were committed.
    records = read_count([second], 66 - sum(4 + partition for partition in range(PARTITIONS)))
    for partition in range(PARTITIONS):
        offsets = [each.offset for each in records if each.partition == partition]
        assert offsets == list(range(4 + partition, 11))


def test_two_groups_read_the_same_records(library: Library, topic: str) -> None:
    library.producer().send_all(topic, numbered(0, 120))
    for group_id in ("one", "other"):
        member = library.member(group_id, topic)
        assert sorted(values(read_count([member], 120))) == list(range(120))


def test_a_group_without_commits_has_none(library: Library, topic: str) -> None:
    member = library.member(GROUP, topic)
    wait_for_assignments([member], lambda found: found[0] == ALL)
    assert member.committed((topic, 0)) is None


def test_members_of_different_clients_share_a_group(
    connect: Callable[[str], Library],
) -> None:
    libraries = [connect(name) for name in LIBRARIES]
    libraries[0].admin().create_topic(TOPIC, PARTITIONS)
    members = [library.member(GROUP, TOPIC) for library in libraries]
    assert wait_for_assignments(members, lambda found: are_shared(found, [2, 2, 2])) == []
    for number, library in enumerate(libraries):
        library.producer().send_all(TOPIC, numbered(number * 60, 60))
    assert sorted(values(read_count(members, 180))) == list(range(180))


def test_a_cooperative_rebalance_keeps_what_a_member_has(
    connect: Callable[[str], Library], library_name: str
) -> None:
    library = connect(library_name)
    if "cooperative-sticky" not in library.ASSIGNORS:
        assert library_name == "aiokafka"
        pytest.skip("aiokafka has no cooperative assignor")
    library.admin().create_topic(TOPIC, PARTITIONS)
    producer = library.producer()
    first = library.member(GROUP, TOPIC, assignor="cooperative-sticky")
    wait_for_assignments([first], lambda found: found[0] == ALL)
    producer.send_all(TOPIC, numbered(0, 60))
    records = read_count([first], 60)

    commit_all([first], records)
    members = [first]
    for sizes in ([3, 3], [2, 2, 2]):
        kept = [each.assignment() for each in members]
        members.append(library.member(GROUP, TOPIC, assignor="cooperative-sticky"))
        assert wait_for_assignments(members, partial(are_shared_and_kept, sizes, kept)) == []
        assert [each.assignment() for each in members[:-1]] == kept
    producer.send_all(TOPIC, numbered(60, 60))
    assert sorted(values(read_count(members, 60))) == list(range(60, 120))


def test_a_static_member_comes_back_to_its_partitions(
    library: Library, admin: Admin, topic: str
) -> None:
    members = [library.member(GROUP, topic, instance_id=f"instance-{n}") for n in range(2)]
    wait_for_assignments(members, lambda found: are_shared(found, [3, 3]))
    before = [each.assignment() for each in members]
    # A static member does not leave when it ends; the group keeps its place.
    library.forget(members[1])
    members[1].close()
    assert len(admin.describe_group(GROUP).client_ids) == 2
    back = library.member(GROUP, topic, instance_id="instance-1")
    wait_for_assignments([members[0], back], lambda found: are_shared(found, [3, 3]))
    assert [members[0].assignment(), back.assignment()] == before


def test_the_admin_api_shows_the_group_and_deletes_it_when_it_is_empty(
    library: Library, admin: Admin, topic: str
) -> None:
    member = library.member(GROUP, topic, client_id="a-reader")
    wait_for_assignments([member], lambda found: found[0] == ALL)
    member.commit({(topic, 0): 0})
    assert admin.groups() == {GROUP}
    assert admin.describe_group(GROUP) == ("Stable", "range", ["a-reader"])
    with pytest.raises(Exception, match=r"(?i)NonEmptyGroup|NON_EMPTY_GROUP|group is not empty"):
        admin.delete_group(GROUP)
    library.forget(member)
    member.close()
    wait_until(lambda: admin.describe_group(GROUP).state == "Empty")
    admin.delete_group(GROUP)
    assert admin.groups() == set()


def test_reading_on_from_a_commit_reads_the_rest_once(library: Library, topic: str) -> None:
    library.producer().send_all(topic, numbered(0, 600))
    member = library.member(GROUP, topic)
    records = read_until([member], lambda read: len(read) >= 100)
    commit_all([member], records)
    library.forget(member)
    member.close()
    rest = read_count([library.member(GROUP, topic)], 600 - len(records))
    assert sorted(values([*records, *rest])) == list(range(600))
