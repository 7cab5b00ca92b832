"""The topics as they stand: the same by live changes and by loading."""

from pybroker.metadata.topics import PartitionState, Topics
from pybroker.store import Store, topics
from pybroker.store.topics import (
    PartitionSet,
    TopicConfigRemoved,
    TopicConfigSet,
    TopicCreated,
    TopicDeleted,
)

ORDERS = b"o" * 16
BILLS = b"b" * 16

CHANGES = [
    TopicCreated(ORDERS, "orders"),
    TopicConfigSet(ORDERS, "cleanup.policy", "compact"),
    TopicConfigSet(ORDERS, "segment.ms", "1000"),
    PartitionSet(ORDERS, 0, 1, 0, "1,2,3", "1,2,3"),
    PartitionSet(ORDERS, 1, 2, 0, "2,3,1", "2,3,1"),
    TopicCreated(BILLS, "bills"),
    PartitionSet(BILLS, 0, 1, 0, "1", "1"),
    TopicConfigRemoved(ORDERS, "segment.ms"),
    PartitionSet(ORDERS, 0, 2, 1, "1,2,3", "2,3"),
]


def seen(state):
    return {
        name: (topic.topic_id, topic.partitions, topic.configs)
        for name, topic in state.by_name.items()
    }


def test_changes_make_topics():
    state = Topics(CHANGES)
    assert seen(state) == {
        "orders": (
            ORDERS,
            [
                PartitionState(2, 1, (1, 2, 3), (2, 3)),
                PartitionState(2, 0, (2, 3, 1), (2, 3, 1)),
            ],
            {"cleanup.policy": "compact"},
        ),
        "bills": (BILLS, [PartitionState(1, 0, (1,), (1,))], {}),
    }
    assert state.by_id[ORDERS] is state.by_name["orders"]


def test_loading_makes_what_live_changes_made():
    store = Store(None)
    store.apply(CHANGES)
    store.commit()
    assert seen(Topics(topics.load(store))) == seen(Topics(CHANGES))
    store.close()


def test_a_deleted_topic_is_found_neither_by_name_nor_by_id():
    state = Topics([*CHANGES, TopicDeleted(ORDERS)])
    assert set(state.by_name) == {"bills"}
    assert set(state.by_id) == {BILLS}
    assert state.partition("orders", 0) is None


def test_a_partition_is_found_by_name_and_index():
    state = Topics(CHANGES)
    topic, partition = state.partition("orders", 1)
    assert topic.name == "orders"
    assert partition.leader_id == 2
    assert state.partition("orders", 2) is None
    assert state.partition("orders", -1) is None
    assert state.partition("unknown", 0) is None


def test_names_that_metrics_would_mix_up_collide():
    state = Topics([TopicCreated(ORDERS, "a.b_c")])
    assert state.colliding_name("a_b.c") == "a.b_c"
    assert state.colliding_name("a-b-c") is None
    state.apply([TopicDeleted(ORDERS)])
    assert state.colliding_name("a_b.c") is None


def test_topics_of_coordinators_are_internal():
    names = ("__consumer_offsets", "__transaction_state", "__share_group_state", "orders")
    state = Topics([TopicCreated(name.encode()[-16:], name) for name in names])
    assert [state.by_name[name].is_internal for name in names] == [True, True, True, False]
