"""Seeded schedules of a group whose members come, go, crash, pause, change and repeat themselves.

What happens in a schedule is in `tests/support/simulation`; what must hold, always and in the end:

  * no partition is given to two members in one epoch,
  * a commit that is accepted comes from the owner in its epoch,
  * what the groups promise between decisions holds, and the store has what it should,
  * nobody is answered twice, and in the end nobody is left waiting,
  * when nothing disturbs it any more, the group is stable within its timeouts, all who are alive
    are in it, and each partition that they subscribe to has one owner.

A failure names its seed; `simulate(seed)` plays it again.
"""

import os

import pytest

from pybroker.groups.consumer.group import ConsumerGroup
from pybroker.groups.rebalances import RebalanceReason
from tests.support.simulation.ledger import Ledger
from tests.support.simulation.world import simulate

SCHEDULES = int(os.environ.get("PYBROKER_GROUP_SCHEDULES", "10000"))
SCHEDULES_PER_TEST = 250
SAMPLE = 100


@pytest.mark.parametrize("first_seed", range(0, SCHEDULES, SCHEDULES_PER_TEST))
def test_a_group_survives_whatever_its_members_do(first_seed: int) -> None:
    for seed in range(first_seed, min(first_seed + SCHEDULES_PER_TEST, SCHEDULES)):
        simulate(seed)


def test_the_same_seed_plays_the_same_schedule() -> None:
    played = [simulate(5) for _ in range(2)]
    assert len({world.sequence for world in played}) == 1
    assert len({world.now_ms for world in played}) == 1


def test_schedules_see_both_protocols_commits_and_every_common_reason() -> None:
    worlds = [simulate(seed) for seed in range(SAMPLE)]
    kinds = {type(world.coordinator._loaded.by_id[world.GROUP]) for world in worlds}
    assert ConsumerGroup in kinds
    assert len(kinds) == 2
    assert sum(world.ledger.commits for world in worlds) > 10 * SAMPLE
    assert sum(world.is_mixed for world in worlds) > SAMPLE / 10
    counts = dict.fromkeys(RebalanceReason, 0)
    for world in worlds:
        for reason, count in world.rebalances().items():
            counts[reason] += count
    common = {
        *(RebalanceReason.MEMBER_JOINED, RebalanceReason.MEMBER_LEFT),
        *(RebalanceReason.MEMBER_CHANGED, RebalanceReason.SESSION_EXPIRED),
        *(RebalanceReason.TOPICS_CHANGED, RebalanceReason.GROUP_CONVERTED),
    }
    assert common <= {reason for reason, count in counts.items() if count}


def test_the_ledger_notices_two_owners() -> None:
    ledger = Ledger()
    ledger.give([("topic", 0)], 3, "a")
    ledger.give([("topic", 0)], 4, "b")
    with pytest.raises(AssertionError, match="a and b"):
        ledger.give([("topic", 0)], 3, "b")


def test_the_ledger_notices_who_does_not_own_what_it_commits() -> None:
    ledger = Ledger()
    ledger.give([("topic", 0)], 3, "a")
    ledger.commit([("topic", 0)], 4, "a", is_present=False)
    ledger.give([("topic", 0)], 5, "b")
    ledger.commit([("topic", 0)], 5, "b", is_present=False)
    ledger.commit([("topic", 0)], 4, "a", is_present=True)
    for partition, epoch, owner in ((0, 5, "a"), (0, 4, "a"), (0, 2, "b"), (1, 5, "b")):
        with pytest.raises(AssertionError):
            ledger.commit([("topic", partition)], epoch, owner, is_present=False)
