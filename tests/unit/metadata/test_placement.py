"""Where partitions go, and what happens to them when nodes go."""

from contextlib import nullcontext

import pytest

from pybroker.errors import ErrorCode, KafkaError
from pybroker.metadata.decisions.place_on_nodes import decide_placement
from pybroker.metadata.leadership import require_leader, require_replica
from pybroker.metadata.placement import (
    Placement,
    effective_replication_factor,
    require_assignment,
    spread,
)
from pybroker.metadata.topics import PartitionState, Topics
from pybroker.metadata.uuids import RESERVED_UUIDS, random_uuid, uuid_text
from pybroker.store.topics import PartitionSet, TopicCreated

TOPIC_ID = b"t" * 16


def test_replicas_and_leaders_go_round_the_nodes():
    assert spread((1, 2, 3), start=0, partitions=4, replication_factor=2) == [
        (1, 2),
        (2, 3),
        (3, 1),
        (1, 2),
    ]
    assert spread((1, 2, 3), start=5, partitions=1, replication_factor=3) == [(3, 1, 2)]


def test_a_replication_factor_above_the_number_of_nodes_is_refused_in_kafkas_words():
    placement = Placement((1,), 1, 1, replication_factor_cap=False)
    with pytest.raises(KafkaError) as raised:
        effective_replication_factor(placement, 3)
    assert raised.value.code == ErrorCode.INVALID_REPLICATION_FACTOR
    assert raised.value.message == (
        "Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot"
        " be reached because only 1 broker(s) are registered."
    )


def test_the_cap_lowers_a_replication_factor_to_the_number_of_nodes():
    placement = Placement((1, 2), 1, 1, replication_factor_cap=True)
    assert effective_replication_factor(placement, 3) == 2
    assert effective_replication_factor(placement, 1) == 1


@pytest.mark.parametrize(
    ("broker_ids", "replication_factor", "message"),
    [
        ([], None, "The manual partition assignment includes an empty replica list."),
        (
            [1, 7],
            None,
            "The manual partition assignment includes broker 7, but no such broker is registered.",
        ),
        (
            [2, 1, 2],
            None,
            "The manual partition assignment includes the broker 2 more than once.",
        ),
        (
            [1],
            2,
            (
                "The manual partition assignment includes a partition with 1 replica(s), but this"
                " is not consistent with previous partitions, which have 2 replica(s)."
            ),
        ),
    ],
)
def test_a_wrong_assignment_is_refused_in_kafkas_words(broker_ids, replication_factor, message):
    with pytest.raises(KafkaError) as raised:
        require_assignment((1, 2, 3), broker_ids, replication_factor)
    assert raised.value.code == ErrorCode.INVALID_REPLICA_ASSIGNMENT
    assert raised.value.message == message


def test_partitions_of_nodes_that_are_gone_move_in_a_new_term():
    state = Topics(
        [
            TopicCreated(TOPIC_ID, "t"),
            PartitionSet(TOPIC_ID, 0, 1, 4, "1,2", "1,2"),
            PartitionSet(TOPIC_ID, 1, 2, 0, "2,3", "2,3"),
            PartitionSet(TOPIC_ID, 2, 3, 0, "3", "3"),
            PartitionSet(TOPIC_ID, 3, 1, 0, "1,3", "3,1"),
        ]
    )
    changes = decide_placement(state, [1, 2])
    state.apply(changes)
    assert state.by_name["t"].partitions == [
        PartitionState(1, 4, (1, 2), (1, 2)),
        PartitionState(2, 0, (2,), (2,)),
        PartitionState(1, 1, (1,), (1,)),
        PartitionState(1, 0, (1,), (1,)),
    ]
    assert decide_placement(state, [1, 2]) == []


@pytest.mark.parametrize(
    ("node_id", "epoch", "code"),
    [
        (1, -1, None),
        (1, 5, None),
        (1, 4, ErrorCode.FENCED_LEADER_EPOCH),
        (1, 6, ErrorCode.UNKNOWN_LEADER_EPOCH),
        (2, -1, ErrorCode.NOT_LEADER_OR_FOLLOWER),
        (2, 4, ErrorCode.FENCED_LEADER_EPOCH),
        (3, 4, ErrorCode.NOT_LEADER_OR_FOLLOWER),
    ],
)
def test_only_the_leader_answers_in_the_term_that_the_client_knows(node_id, epoch, code):
    state = Topics([TopicCreated(TOPIC_ID, "t"), PartitionSet(TOPIC_ID, 0, 1, 5, "1,2", "1,2")])
    raised = nullcontext() if code is None else pytest.raises(KafkaError, match=code.name)
    with raised:
        require_leader(state, "t", 0, node_id=node_id, current_leader_epoch=epoch)


def test_a_replica_answers_whoever_asks_replicas():
    state = Topics([TopicCreated(TOPIC_ID, "t"), PartitionSet(TOPIC_ID, 0, 1, 5, "1,2", "1,2")])
    assert require_replica(state, "t", 0, node_id=2)[1].leader_id == 1
    with pytest.raises(KafkaError, match="UNKNOWN_TOPIC_OR_PARTITION"):
        require_replica(state, "t", 1, node_id=2)


def test_a_random_uuid_is_not_reserved_and_no_option():
    draws = iter([b"\xf8" + bytes(15), bytes(range(16))])
    uuid = random_uuid(lambda _: next(draws))
    assert uuid[1] == 1  # The first draw begins with "-" in base64.
    assert uuid not in RESERVED_UUIDS
    assert uuid[6] >> 4 == 4
    assert uuid[8] >> 6 == 0b10


def test_a_uuid_is_written_with_22_characters():
    assert uuid_text(bytes(16)) == "A" * 22
    assert uuid_text(b"\xff" * 16) == "_____________________w"
