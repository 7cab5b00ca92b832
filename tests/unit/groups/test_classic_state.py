"""The state machine itself."""

import pytest

from pybroker.groups.classic.group import ClassicGroup
from pybroker.groups.classic.state import TRANSITIONS, GroupState
from pybroker.groups.configs import GroupConfigs

# Kafka's table, the other way round: where a group comes from when it gets there.
PREVIOUS = {
    GroupState.EMPTY: {GroupState.PREPARING_REBALANCE},
    GroupState.PREPARING_REBALANCE: {
        GroupState.STABLE,
        GroupState.COMPLETING_REBALANCE,
        GroupState.EMPTY,
    },
    GroupState.COMPLETING_REBALANCE: {GroupState.PREPARING_REBALANCE},
    GroupState.STABLE: {GroupState.COMPLETING_REBALANCE},
    GroupState.DEAD: {
        GroupState.STABLE,
        GroupState.PREPARING_REBALANCE,
        GroupState.COMPLETING_REBALANCE,
        GroupState.EMPTY,
    },
}


@pytest.mark.parametrize("state", GroupState)
def test_every_state_is_reached_from_where_kafka_reaches_it(state: GroupState) -> None:
    assert {before for before, after in TRANSITIONS.items() if state in after} == PREVIOUS[state]


@pytest.mark.parametrize("state", GroupState)
@pytest.mark.parametrize("to", GroupState)
def test_a_group_moves_along_the_table_only(state: GroupState, to: GroupState) -> None:
    group = ClassicGroup("group", GroupConfigs(), 0)
    group.state = state
    if to in TRANSITIONS[state]:
        group.transition_to(to, 5)
        assert (group.state, group.previous_state, group.state_timestamp_ms) == (to, state, 5)
    else:
        with pytest.raises(AssertionError):
            group.transition_to(to, 5)
