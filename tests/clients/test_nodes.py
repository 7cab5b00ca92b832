"""Three nodes in one process: clients find leaders and coordinators, and use all of them."""

from collections.abc import Callable

import pytest

from pybroker import Broker
from pybroker.groups.placement import coordinator_for
from tests.clients.conftest import SETTINGS
from tests.support.clients import LIBRARIES
from tests.support.clients.library import Library, Message
from tests.support.clients.reading import read_count, read_through

PARTITIONS = 6
PARTITIONS_OF_OFFSETS = 50  # `offsets.topic.num.partitions`.
RECORDS = 600


@pytest.fixture
def broker(start_broker: Callable[..., Broker]) -> Broker:
    """Three nodes."""
    return start_broker(settings={**SETTINGS, "pybroker.brokers": "3"})


def test_leaders_and_replicas_of_a_topic_are_spread(library: Library) -> None:
    admin = library.admin()
    admin.create_topic("spread", PARTITIONS, replication_factor=3)
    assert admin.cluster()[0] == {1, 2, 3}
    described = admin.describe_topic("spread")
    assert sorted(described.leaders.values()) == [1, 1, 2, 2, 3, 3]
    assert all(sorted(replicas) == [1, 2, 3] for replicas in described.replicas.values())


def test_every_client_writes_to_all_leaders_and_reads_from_them(
    connect: Callable[[str], Library],
) -> None:
    libraries = [connect(name) for name in LIBRARIES]
    libraries[0].admin().create_topic("spread", PARTITIONS, replication_factor=3)
    for number, library in enumerate(libraries):
        messages = [
            Message(str(number * RECORDS + index).encode(), partition=index % PARTITIONS)
            for index in range(RECORDS)
        ]
        library.producer().send_all("spread", messages)
    for library in libraries:
        reader = library.reader("spread", range(PARTITIONS))
        found = read_through(reader, "spread", range(PARTITIONS))
        for partition, records in found.items():
            values = [int(record.value or b"") for record in records]
            assert values == list(range(partition, RECORDS * len(libraries), PARTITIONS))


def test_groups_work_whichever_node_coordinates_them(library: Library) -> None:
    library.admin().create_topic("spread", PARTITIONS, replication_factor=3)
    messages = [Message(b"value", partition=index % PARTITIONS) for index in range(60)]
    library.producer().send_all("spread", messages)
    group_ids = ("a", "b", "c", "d")
    coordinators = {coordinator_for(each, PARTITIONS_OF_OFFSETS, (1, 2, 3)) for each in group_ids}
    assert coordinators == {1, 2, 3}
    for group_id in group_ids:
        member = library.member(group_id, "spread")
        read_count([member], 60)
        member.commit({("spread", partition): 10 for partition in range(PARTITIONS)})
        assert member.committed(("spread", 5)) == 10
    assert library.admin().groups() == set(group_ids)


def test_more_replicas_than_nodes_are_refused(library: Library) -> None:
    with pytest.raises(Exception, match=r"(?i)InvalidReplicationFactor|INVALID_REPLICATION"):
        library.admin().create_topic("too-many", 1, replication_factor=4)
