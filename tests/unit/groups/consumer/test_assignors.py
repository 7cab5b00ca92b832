"""The strategies: balance, stickiness, co-partitioning; and which of them is used."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybroker.groups.consumer.assignors import ASSIGNORS
from pybroker.groups.consumer.assignors.subscriber import Subscriber
from pybroker.groups.consumer.member import NO_TARGET, Target
from tests.support.consumer_bench import ConsumerBench

A, B, C = b"a", b"b", b"c"


def subscriber(
    member_id: str, *topic_ids: bytes, target: Target = NO_TARGET, instance: str | None = None
) -> Subscriber:
    return Subscriber(member_id, instance, frozenset(topic_ids), target)


def assign(name: str, subscribers: list[Subscriber], counts: dict[bytes, int]) -> dict[str, Target]:
    targets = ASSIGNORS[name](subscribers, counts)
    given_away: list[tuple[bytes, int]] = []
    for each in subscribers:
        target = targets.get(each.member_id, NO_TARGET)
        assert set(target) <= each.topic_ids
        given_away += [(topic_id, index) for topic_id, some in target.items() for index in some]
    wanted = frozenset().union(*(each.topic_ids for each in subscribers))
    assert sorted(given_away) == [
        (topic_id, index) for topic_id in sorted(wanted) for index in range(counts[topic_id])
    ]
    return targets


def sizes(targets: dict[str, Target]) -> dict[str, int]:
    return {
        member_id: sum(len(some) for some in target.values())
        for member_id, target in targets.items()
    }


def moved(before: dict[str, Target], after: dict[str, Target]) -> int:
    """Partitions that somebody had, and that somebody else has now."""
    return sum(
        len(some - after.get(member_id, NO_TARGET).get(topic_id, frozenset()))
        for member_id, target in before.items()
        for topic_id, some in target.items()
    )


def again(subscribers: list[Subscriber], targets: dict[str, Target]) -> list[Subscriber]:
    return [each._replace(target=targets.get(each.member_id, NO_TARGET)) for each in subscribers]


def test_range_gives_the_same_partitions_of_topics_of_one_size() -> None:
    targets = assign("range", [subscriber("m1", A, B), subscriber("m0", A, B)], {A: 3, B: 3})
    assert targets == {
        "m0": {A: frozenset({0, 1}), B: frozenset({0, 1})},
        "m1": {A: frozenset({2}), B: frozenset({2})},
    }


def test_range_puts_instances_first_so_that_they_have_theirs_again() -> None:
    counts = {A: 4}
    first = assign("range", [subscriber("m9", A, instance="x"), subscriber("m1", A)], counts)
    second = assign("range", [subscriber("m0", A), subscriber("m5", A, instance="x")], counts)
    assert first["m9"] == second["m5"] == {A: frozenset({0, 1})}


def test_range_with_different_wishes_and_more_members_than_partitions() -> None:
    subscribers = [subscriber("m0", A), subscriber("m1", A, B), subscriber("m2", B)]
    assert assign("range", subscribers, {A: 1, B: 3}) == {
        "m0": {A: frozenset({0})},
        "m1": {B: frozenset({0, 1})},
        "m2": {B: frozenset({2})},
    }


def test_uniform_spreads_a_topic_over_all() -> None:
    targets = assign("uniform", [subscriber("m0", A, B), subscriber("m1", A, B)], {A: 2, B: 2})
    assert all(len(target[topic_id]) == 1 for target in targets.values() for topic_id in (A, B))


def test_uniform_moves_no_more_than_a_newcomer_needs() -> None:
    members = [subscriber("m0", A), subscriber("m1", A)]
    before = assign("uniform", members, {A: 9})
    after = assign("uniform", [*again(members, before), subscriber("a-newcomer", A)], {A: 9})
    assert set(sizes(after).values()) == {3}
    assert moved(before, after) == 3


def test_uniform_lets_who_has_one_more_keep_it() -> None:
    targets: dict[str, Target] = {
        "m0": {A: frozenset({0})},
        "m1": {A: frozenset({1, 2})},
    }
    members = again([subscriber("m0", A), subscriber("m1", A)], targets)
    assert assign("uniform", members, {A: 3}) == targets


def test_uniform_takes_back_what_is_wanted_or_there_no_more() -> None:
    had: Target = {A: frozenset({0, 1, 2}), B: frozenset({0})}
    assert assign("uniform", [subscriber("m0", A, target=had)], {A: 2, B: 1}) == {
        "m0": {A: frozenset({0, 1})}
    }


def test_uniform_with_different_wishes_evens_out_what_it_can() -> None:
    subscribers = [
        subscriber("m0", A, target={A: frozenset(range(4))}),
        subscriber("m1", A, B, target={B: frozenset(range(4))}),
        subscriber("m2", B),
    ]
    targets = assign("uniform", subscribers, {A: 4, B: 4})
    assert sorted(sizes(targets).values()) == [2, 3, 3]


@given(st.integers(0, 2**32))
def test_uniform_is_balanced_and_moves_as_little_as_balance_allows(seed: int) -> None:
    random = Random(seed)
    counts = {topic_id: random.randrange(1, 9) for topic_id in (A, B, C)}
    wanted = random.sample([A, B, C], random.randrange(1, 4))
    members = [subscriber(f"m{each}", *wanted) for each in range(random.randrange(1, 6))]
    before = assign("uniform", members, counts)
    assert max(sizes(before).values()) - min(sizes(before).values()) <= 1
    assert assign("uniform", again(members, before), counts) == before
    newcomers = [subscriber(f"n{each}", *wanted) for each in range(random.randrange(3))]
    stay = random.sample(members, random.randrange(len(members) + 1))
    if not stay + newcomers:
        return
    after = assign("uniform", again(stay, before) + newcomers, counts)
    share, extra = divmod(sum(counts[each] for each in wanted), len(stay + newcomers))
    # Nobody who stays gives up more than what is above the share, with the extras where they are.
    kept = {member.member_id: sizes(before)[member.member_id] for member in stay}
    surplus = sorted((max(0, size - share) for size in kept.values()), reverse=True)
    least = sum(surplus) - sum(1 for each in surplus[:extra] if each)
    assert moved({each: before[each] for each in kept}, after) == least


@given(st.integers(0, 2**32))
def test_uniform_with_different_wishes_leaves_no_move_that_evens_out(seed: int) -> None:
    random = Random(seed)
    counts = {topic_id: random.randrange(1, 9) for topic_id in (A, B, C)}
    members = [
        subscriber(f"m{each}", *random.sample([A, B, C], random.randrange(1, 4)))
        for each in range(random.randrange(2, 7))
    ]
    targets = assign("uniform", members, counts)
    loads = sizes(targets)
    for giver in members:
        for topic_id in targets[giver.member_id]:
            for taker in members:
                if topic_id in taker.topic_ids:
                    assert loads[giver.member_id] - loads[taker.member_id] <= 1
    assert assign("uniform", again(members, targets), counts) == targets


@pytest.mark.parametrize(
    ("configured", "votes", "chosen"),
    [
        (("uniform", "range"), (None, None, None), "uniform"),
        (("range", "uniform"), (None, None, None), "range"),
        (("uniform", "range"), ("range", None, None), "range"),
        (("uniform", "range"), ("range", "uniform", None), "uniform"),
        (("uniform", "range"), ("range", "uniform", "range"), "range"),
    ],
)
def test_most_members_choose_the_strategy(
    configured: tuple[str, ...], votes: tuple[str | None, ...], chosen: str
) -> None:
    bench = ConsumerBench({"a": 2, "b": 2}, group_consumer_assignors=configured)
    for number, vote in enumerate(votes):
        bench.join_consumer(f"m{number}", "a", "b", assignor=vote)
    bench.settle()
    assert bench.describe().assignor_name == chosen
    if chosen == "range":
        for member_id in bench.consumer_group().members:
            assert len(set(map(tuple, bench.assigned(member_id).values()))) <= 1
