"""DeleteTopics and CreatePartitions decided: changes and results, in Kafka's words."""

import pytest

from pybroker.errors import ErrorCode
from pybroker.metadata.decisions.create_partitions import decide_create_partitions
from pybroker.metadata.decisions.delete_topics import NO_TOPIC_ID, decide_delete_topics
from pybroker.metadata.placement import Placement
from pybroker.metadata.topics import Topics
from pybroker.protocol.create_partitions import CreatePartitionsRequest
from pybroker.store.topics import PartitionSet, TopicCreated

A, B, UNKNOWN = b"a" * 16, b"b" * 16, b"?" * 16
THREE_NODES = Placement((1, 2, 3), 1, 1, replication_factor_cap=False)


def state():
    return Topics(
        [
            TopicCreated(A, "a"),
            PartitionSet(A, 0, 2, 0, "2,3", "2,3"),
            TopicCreated(B, "b"),
            PartitionSet(B, 0, 1, 0, "1", "1"),
        ]
    )


def deleted(*requested):
    return [
        (
            result.name,
            result.topic_id,
            result.error and (result.error.code, result.error.message),
            result.topic is not None,
        )
        for result in decide_delete_topics(state(), requested)
    ]


def test_topics_are_deleted_by_name_and_by_id():
    assert deleted(("a", NO_TOPIC_ID), (None, B)) == [("a", A, None, True), ("b", B, None, True)]


@pytest.mark.parametrize(
    ("requested", "answers"),
    [
        (
            [("x", NO_TOPIC_ID)],
            [
                (
                    "x",
                    NO_TOPIC_ID,
                    (
                        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                        "This server does not host this topic-partition.",
                    ),
                )
            ],
        ),
        (
            [(None, UNKNOWN)],
            [
                (
                    None,
                    UNKNOWN,
                    (ErrorCode.UNKNOWN_TOPIC_ID, "This server does not host this topic ID."),
                )
            ],
        ),
        (
            [(None, NO_TOPIC_ID)],
            [
                (
                    None,
                    NO_TOPIC_ID,
                    (ErrorCode.INVALID_REQUEST, "Neither topic name nor id were specified."),
                )
            ],
        ),
        (
            [("a", A)],
            [
                (
                    "a",
                    A,
                    (
                        ErrorCode.INVALID_REQUEST,
                        "You may not specify both topic name and topic id.",
                    ),
                )
            ],
        ),
        (
            [("a", NO_TOPIC_ID), ("a", NO_TOPIC_ID)],
            [("a", NO_TOPIC_ID, (ErrorCode.INVALID_REQUEST, "Duplicate topic name."))],
        ),
        (
            [(None, A), (None, A), (None, A)],
            [(None, A, (ErrorCode.INVALID_REQUEST, "Duplicate topic id."))],
        ),
        (
            [("a", NO_TOPIC_ID), (None, A)],
            [
                (
                    "a",
                    A,
                    (
                        ErrorCode.INVALID_REQUEST,
                        "The provided topic name maps to an ID that was already supplied.",
                    ),
                )
            ],
        ),
    ],
)
def test_a_deletion_is_refused_in_kafkas_words_and_the_topic_stays(requested, answers):
    assert deleted(*requested) == [(*answer, False) for answer in answers]


def test_a_bad_deletion_does_not_hinder_a_good_one():
    answers = deleted(("x", NO_TOPIC_ID), ("b", NO_TOPIC_ID))
    assert [(name, goes) for name, _, _, goes in answers] == [("x", False), ("b", True)]


def grow(name, count, assignments=None):
    if assignments is not None:
        assignments = [
            CreatePartitionsRequest.CreatePartitionsAssignment(broker_ids=broker_ids)
            for broker_ids in assignments
        ]
    return CreatePartitionsRequest.CreatePartitionsTopic(
        name=name, count=count, assignments=assignments
    )


def grown(*requested):
    return decide_create_partitions(state(), requested, placement=THREE_NODES)


def test_new_partitions_go_to_the_nodes_after_those_of_the_last():
    (result,) = grown(grow("a", 3))
    assert result.error is None
    assert result.changes == [
        PartitionSet(A, 1, 3, 0, "3,1", "3,1"),
        PartitionSet(A, 2, 1, 0, "1,2", "1,2"),
    ]


def test_new_partitions_go_where_they_are_assigned():
    (result,) = grown(grow("a", 2, [[1, 3]]))
    assert result.changes == [PartitionSet(A, 1, 1, 0, "1,3", "1,3")]


@pytest.mark.parametrize(
    ("requested", "code", "message"),
    [
        (grow("x", 2), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, None),
        (grow("a", 1), ErrorCode.INVALID_PARTITIONS, "Topic already has 1 partition(s)."),
        (
            grow("a", 0),
            ErrorCode.INVALID_PARTITIONS,
            "The topic a currently has 1 partition(s); 0 would not be an increase.",
        ),
        (
            grow("a", 3, [[1, 2]]),
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            "Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.",
        ),
        (
            grow("a", 2, [[1]]),
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            (
                "The manual partition assignment includes a partition with 1 replica(s), but this"
                " is not consistent with previous partitions, which have 2 replica(s)."
            ),
        ),
        (
            grow("a", 20_000),
            ErrorCode.POLICY_VIOLATION,
            "Unable to perform excessively large batch operation.",
        ),
    ],
)
def test_growth_is_refused_in_kafkas_words(requested, code, message):
    (result,) = grown(requested)
    assert (result.error.code, result.error.message) == (code, message)
    assert result.changes == []


def test_every_topic_is_answered_and_one_that_is_named_twice_is_refused():
    results = grown(grow("a", 2), grow("b", 2), grow("a", 3))
    assert [(result.name, result.error and result.error.message) for result in results] == [
        ("a", "Duplicate topic name."),
        ("b", None),
    ]
