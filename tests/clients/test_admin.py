"""Topics, the cluster and configs through each client's admin API. Groups are in test_groups.py."""

import pytest

from tests.support.clients.library import Admin, Library, Message
from tests.support.clients.reading import read_count

TOPIC_EXISTS = r"(?i)TopicAlreadyExists|TOPIC_ALREADY_EXISTS"
UNKNOWN_TOPIC = r"(?i)UnknownTopicOrPartition|UNKNOWN_TOPIC_OR_PART"
BAD_PARTITIONS = r"(?i)InvalidPartitions|INVALID_PARTITIONS"
BAD_REPLICATION = r"(?i)InvalidReplicationFactor|INVALID_REPLICATION_FACTOR"
BAD_NAME = r"(?i)InvalidTopic|TOPIC_EXCEPTION"
BAD_CONFIG = r"(?i)InvalidConfig|INVALID_CONFIG"
UNKNOWN_GROUP = r"(?i)GroupIdNotFound|GROUP_ID_NOT_FOUND"


def test_topics_are_created_described_and_deleted(admin: Admin) -> None:
    admin.create_topic("one", 3)
    admin.create_topic("two", 1)
    assert admin.topics() == {"one", "two"}
    assert admin.describe_topic("one") == ({0: 1, 1: 1, 2: 1}, {0: [1], 1: [1], 2: [1]})
    admin.delete_topic("one")
    assert admin.topics() == {"two"}


def test_a_topic_that_is_created_again_is_empty(library: Library, admin: Admin) -> None:
    admin.create_topic("again", 1)
    library.producer().send_all("again", [Message(b"before")])
    admin.delete_topic("again")
    admin.create_topic("again", 1)
    (sent,) = library.producer().send_all("again", [Message(b"after")])
    assert sent == (0, 0)
    (record,) = read_count([library.reader("again")], 1)
    assert record.value == b"after"


def test_partitions_are_added_and_take_records(library: Library, admin: Admin) -> None:
    admin.create_topic("grows", 1)
    library.producer().send_all("grows", [Message(b"first", partition=0)])
    admin.create_partitions("grows", 4)
    assert set(admin.describe_topic("grows").leaders) == {0, 1, 2, 3}
    (sent,) = library.producer().send_all("grows", [Message(b"second", partition=3)])
    assert sent == (3, 0)
    records = read_count([library.reader("grows", range(4))], 2)
    assert sorted(record.value or b"" for record in records) == [b"first", b"second"]


def test_refusals_have_kafkas_names(admin: Admin) -> None:
    admin.create_topic("there", 2)
    with pytest.raises(Exception, match=TOPIC_EXISTS):
        admin.create_topic("there", 2)
    with pytest.raises(Exception, match=BAD_REPLICATION):
        admin.create_topic("thrice", 1, replication_factor=3)
    with pytest.raises(Exception, match=BAD_NAME):
        admin.create_topic("not a name", 1)
    with pytest.raises(Exception, match=BAD_CONFIG):
        admin.create_topic("configured", 1, configs={"retention.ms": "soon"})
    with pytest.raises(Exception, match=BAD_PARTITIONS):
        admin.create_partitions("there", 1)
    with pytest.raises(Exception, match=UNKNOWN_TOPIC):
        admin.delete_topic("missing")
    with pytest.raises(Exception, match=UNKNOWN_GROUP):
        admin.delete_group("missing")
    # Asking for a group's coordinator brings Kafka's internal topic.
    assert admin.topics() == {"there", "__consumer_offsets"}


def test_the_cluster_is_described(admin: Admin) -> None:
    assert admin.cluster() == ({1}, 1)


def test_configs_of_a_topic_are_what_was_given_and_the_defaults(admin: Admin) -> None:
    given = {"retention.ms": "86400000", "cleanup.policy": "compact", "max.message.bytes": "2000"}
    admin.create_topic("configured", 1, configs=given)
    found = admin.topic_config("configured")
    assert {key: found[key] for key in given} == given
    assert found["segment.bytes"] == "1073741824"


def test_no_groups_are_none(admin: Admin) -> None:
    assert admin.groups() == set()
