"""CreateTopics decided: changes and results, in Kafka's words."""

from itertools import count

import pytest

from pybroker.configs import validate_topic_configs
from pybroker.errors import ErrorCode
from pybroker.metadata.decisions.create_topics import (
    MAX_PARTITIONS_PER_BATCH,
    CreatedTopic,
    RefusedTopic,
    decide_create_topics,
)
from pybroker.metadata.placement import Placement
from pybroker.metadata.topics import PartitionState, Topics
from pybroker.protocol.create_topics import CreateTopicsRequest
from pybroker.store.topics import PartitionSet, TopicConfigSet, TopicCreated

THREE_NODES = Placement((1, 2, 3), 2, 3, replication_factor_cap=False)
ONE_NODE = Placement((1,), 1, 1, replication_factor_cap=False)


def topic(name, num_partitions=-1, replication_factor=-1, assignments=(), configs=()):
    return CreateTopicsRequest.CreatableTopic(
        name=name,
        num_partitions=num_partitions,
        replication_factor=replication_factor,
        assignments=[
            CreateTopicsRequest.CreatableReplicaAssignment(
                partition_index=index, broker_ids=list(broker_ids)
            )
            for index, broker_ids in assignments
        ],
        configs=[
            CreateTopicsRequest.CreatableTopicConfig(name=name, value=value)
            for name, value in configs
        ],
    )


def decide(*requested, state=None, placement=THREE_NODES):
    numbers = count(1)
    return decide_create_topics(
        Topics() if state is None else state,
        requested,
        placement=placement,
        validate_configs=validate_topic_configs,
        new_uuid=lambda: next(numbers).to_bytes(16, "big"),
    )


def existing(*names):
    return Topics(TopicCreated(name.encode().rjust(16), name) for name in names)


def refusal(result):
    assert isinstance(result, RefusedTopic), result
    return result.error.code, result.error.message


def test_a_topic_comes_to_be_with_its_partitions_and_configs():
    (result,) = decide(topic("t", 2, 3, configs=[("cleanup.policy", "compact")]))
    assert result == CreatedTopic(
        "t", bytes(15) + b"\x01", [(1, 2, 3), (2, 3, 1)], {"cleanup.policy": "compact"}
    )
    assert result.changes() == [
        TopicCreated(result.topic_id, "t"),
        TopicConfigSet(result.topic_id, "cleanup.policy", "compact"),
        PartitionSet(result.topic_id, 0, 1, 0, "1,2,3", "1,2,3"),
        PartitionSet(result.topic_id, 1, 2, 0, "2,3,1", "2,3,1"),
    ]
    state = Topics(result.changes())
    assert state.by_name["t"].partitions[1] == PartitionState(2, 0, (2, 3, 1), (2, 3, 1))


def test_what_is_left_open_is_the_brokers_default():
    (result,) = decide(topic("t"))
    assert [len(replicas) for replicas in result.replicas] == [3, 3]


def test_topics_with_one_partition_go_round_the_nodes():
    results = decide(topic("a", 1, 1), topic("b", 1, 1), topic("c", 1, 1), state=existing("x"))
    assert [result.replicas for result in results] == [[(2,)], [(3,)], [(1,)]]


def test_a_bad_topic_does_not_hinder_a_good_one():
    bad, good = decide(topic("b a d"), topic("good"))
    assert refusal(bad)[0] == ErrorCode.INVALID_TOPIC_EXCEPTION
    assert isinstance(good, CreatedTopic)


def test_a_name_that_is_asked_for_twice_is_refused_once():
    duplicate, single = decide(topic("t"), topic("u"), topic("t"))
    assert refusal(duplicate) == (ErrorCode.INVALID_REQUEST, "Duplicate topic name.")
    assert isinstance(single, CreatedTopic)


@pytest.mark.parametrize(
    ("requested", "code", "message"),
    [
        (topic("t"), ErrorCode.TOPIC_ALREADY_EXISTS, "Topic 't' already exists."),
        (
            topic("a_b"),
            ErrorCode.INVALID_TOPIC_EXCEPTION,
            "Topic 'a_b' collides with existing topic: a.b",
        ),
        (
            topic("__cluster_metadata"),
            ErrorCode.INVALID_REQUEST,
            "Creation of internal topic __cluster_metadata is prohibited.",
        ),
        (
            topic("n", 0, 1),
            ErrorCode.INVALID_PARTITIONS,
            "Number of partitions was set to an invalid non-positive value.",
        ),
        (
            topic("n", 1, 0),
            ErrorCode.INVALID_REPLICATION_FACTOR,
            "Replication factor must be larger than 0, or -1 to use the default value.",
        ),
        (
            topic("n", 0, -2),
            ErrorCode.INVALID_REPLICATION_FACTOR,
            "Replication factor must be larger than 0, or -1 to use the default value.",
        ),
        (
            topic("n", configs=[("retention.ms", None), ("segment.ms", None)]),
            ErrorCode.INVALID_CONFIG,
            "Null value not supported for topic configs: retention.ms,segment.ms",
        ),
        (
            topic("n", configs=[("no.such.config", "1")]),
            ErrorCode.INVALID_CONFIG,
            "Unknown topic config name: no.such.config",
        ),
        (
            topic("n", 1, -1, assignments=[(0, [1])]),
            ErrorCode.INVALID_REQUEST,
            "A manual partition assignment was specified, but numPartitions was not set to -1.",
        ),
        (
            topic("n", -1, 1, assignments=[(0, [1])]),
            ErrorCode.INVALID_REQUEST,
            (
                "A manual partition assignment was specified, but replication factor was not set"
                " to -1."
            ),
        ),
        (
            topic("n", assignments=[(0, [1]), (0, [2])]),
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            "Found multiple manual partition assignments for partition 0",
        ),
        (
            topic("n", assignments=[(0, [1]), (2, [2])]),
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            "partitions should be a consecutive 0-based integer sequence",
        ),
        (
            topic("n", assignments=[(0, [1]), (1, [2, 3])]),
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            (
                "The manual partition assignment includes a partition with 2 replica(s), but this"
                " is not consistent with previous partitions, which have 1 replica(s)."
            ),
        ),
    ],
)
def test_a_topic_is_refused_in_kafkas_words(requested, code, message):
    (result,) = decide(requested, state=existing("t", "a.b"))
    assert refusal(result) == (code, message)


def test_an_assignment_is_taken_as_it_is():
    (result,) = decide(topic("t", assignments=[(1, [3, 1]), (0, [2, 3])]))
    assert result.replicas == [(2, 3), (3, 1)]


def test_more_replicas_than_nodes_are_refused_by_topic():
    refused, created = decide(topic("t", 1, 3), topic("u", 1, 1), placement=ONE_NODE)
    assert refusal(refused)[0] == ErrorCode.INVALID_REPLICATION_FACTOR
    assert isinstance(created, CreatedTopic)


def test_the_partitions_of_a_request_have_a_limit():
    half = MAX_PARTITIONS_PER_BATCH // 2
    results = decide(topic("t", half, 1), topic("u", half + 1, 1))
    expected = (ErrorCode.POLICY_VIOLATION, "Excessively large number of partitions per request.")
    assert [refusal(result) for result in results] == [expected, expected]
