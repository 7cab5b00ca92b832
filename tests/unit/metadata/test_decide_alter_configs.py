"""Alterations of configs decided: changes and errors, and the state that the changes make."""

from typing import Any

import pytest

from pybroker.configs import Config
from pybroker.configs.overrides import IncrementalConfig, Operation
from pybroker.configs.resources import ResourceType
from pybroker.errors import ErrorCode
from pybroker.metadata.decisions.alter_configs import (
    AlteredResource,
    ConfigState,
    DecidedResource,
    LevelSet,
    decide_alter_configs,
)
from pybroker.metadata.dynamic_configs import DynamicConfigs
from pybroker.metadata.topics import Topics
from pybroker.store import Store, configs, topics
from pybroker.store.configs import ConfigRemoved, ConfigSet
from pybroker.store.topics import (
    PartitionSet,
    TopicConfigRemoved,
    TopicConfigSet,
    TopicCreated,
)

TOPIC, BROKER, LOGGER, METRICS, GROUP = (
    ResourceType.TOPIC,
    ResourceType.BROKER,
    ResourceType.BROKER_LOGGER,
    ResourceType.CLIENT_METRICS,
    ResourceType.GROUP,
)
TOPIC_ID = b"\1" * 16
MADE = [
    TopicCreated(TOPIC_ID, "t"),
    PartitionSet(TOPIC_ID, 0, 1, 0, "1", "1"),
    TopicConfigSet(TOPIC_ID, "retention.ms", "5"),
]
SESSION = "consumer.session.timeout.ms"
HEARTBEAT = "consumer.heartbeat.interval.ms"


def changes_of(*wanted: tuple[Any, ...], replaces: bool = False) -> AlteredResource:
    kind, name, *rest = wanted
    return AlteredResource(
        kind,
        name,
        [
            IncrementalConfig(one[0], one[2] if len(one) > 2 else Operation.SET, one[1])
            for one in rest
        ],
        replaces=replaces,
    )


def state_of(*dynamic: ConfigSet) -> ConfigState:
    return ConfigState(
        topics=Topics(MADE),
        dynamic=DynamicConfigs(dynamic),
        config=Config(),
        node_id=1,
        loggers={"root", "pybroker.broker"},
        levels=("INFO", "WARN"),
    )


def decide(
    state: ConfigState, kind: int, name: str, *wanted: tuple[Any, ...], replaces: bool = False
) -> DecidedResource:
    (decided,) = decide_alter_configs(state, [changes_of(kind, name, *wanted, replaces=replaces)])
    return decided


def test_a_topics_changes_are_those_of_its_own_configs() -> None:
    decided = decide(
        state_of(), TOPIC, "t", ("flush.ms", "7"), ("retention.ms", None, Operation.DELETE)
    )
    assert decided == (
        [
            TopicConfigRemoved(TOPIC_ID, "retention.ms"),
            TopicConfigSet(TOPIC_ID, "flush.ms", "7"),
        ],
        None,
    )


@pytest.mark.parametrize(
    "wanted",
    [("retention.ms", "5"), ("flush.ms", None, Operation.DELETE), ("nobody", None, 1)],
)
def test_what_is_so_already_changes_nothing(wanted: tuple[Any, ...]) -> None:
    assert decide(state_of(), TOPIC, "t", wanted) == ([], None)


def test_a_replacement_removes_what_it_does_not_name() -> None:
    decided = decide(state_of(), TOPIC, "t", ("flush.ms", "7"), replaces=True)
    assert decided.changes == [
        TopicConfigRemoved(TOPIC_ID, "retention.ms"),
        TopicConfigSet(TOPIC_ID, "flush.ms", "7"),
    ]


def test_a_group_is_judged_by_what_it_would_have() -> None:
    config = Config({"group.consumer.min.session.timeout.ms": "10000"})
    state = state_of(ConfigSet(GROUP, "g", HEARTBEAT, "15000"))._replace(config=config)
    refused = decide(state, GROUP, "g", (SESSION, "14000"))
    assert refused.error is not None
    assert refused.error.message == f"{SESSION} must be greater than {HEARTBEAT}"
    taken = decide(state, GROUP, "g", (SESSION, "14000"), (HEARTBEAT, None, Operation.DELETE))
    assert taken == (
        [ConfigRemoved(GROUP, "g", HEARTBEAT), ConfigSet(GROUP, "g", SESSION, "14000")],
        None,
    )


def test_a_brokers_change_is_judged_under_what_hides_it() -> None:
    state = state_of()
    own = {"log.cleaner.dedupe.buffer.size": "3000000"}
    state = state._replace(config=state.config.with_dynamic({}, own))
    decided = decide(state, BROKER, "", ("log.cleaner.threads", "2"))
    assert decided.error is None
    narrow = state.config.with_dynamic({}, {"log.cleaner.dedupe.buffer.size": "1500000"})
    decided = decide(state._replace(config=narrow), BROKER, "", ("log.cleaner.threads", "2"))
    assert decided.error is not None
    assert decided.error.code == ErrorCode.INVALID_REQUEST


def test_a_node_is_known_by_its_number() -> None:
    decided = decide(state_of(), BROKER, "+1", ("message.max.bytes", "5"))
    assert decided.changes == [ConfigSet(BROKER, "1", "message.max.bytes", "5")]


def test_levels_are_changes_that_nobody_stores() -> None:
    decided = decide(
        state_of(),
        LOGGER,
        "1",
        ("root", "WARN"),
        ("pybroker.broker", None, Operation.DELETE),
    )
    assert decided.changes == [LevelSet("root", "WARN"), LevelSet("pybroker.broker", None)]
    replaced = decide(state_of(), LOGGER, "1", ("root", "WARN"), replaces=True)
    assert replaced.error is not None
    assert replaced.error.message == "Unknown resource type 8"


def test_of_a_resource_that_occurs_twice_nothing_is_decided() -> None:
    once = changes_of(TOPIC, "t", ("flush.ms", "7"))
    first, other, second = decide_alter_configs(
        state_of(), [once, changes_of(GROUP, "t", (HEARTBEAT, "7000")), once]
    )
    assert first.error is not None
    assert first.error.code == ErrorCode.INVALID_REQUEST
    assert first == second or (first.changes, second.changes) == ([], [])
    assert other.changes == [ConfigSet(GROUP, "t", HEARTBEAT, "7000")]


@pytest.mark.parametrize(
    "wanted",
    [
        (TOPIC, "t", ("flush.ms", "7"), ("retention.ms", None, Operation.DELETE)),
        (TOPIC, "t", ("cleanup.policy", "compact", Operation.APPEND)),
        (GROUP, "g", (HEARTBEAT, "7000"), (SESSION, None, Operation.DELETE)),
        (BROKER, "1", ("message.max.bytes", "5"), ("log.cleanup.policy", "compact", 2)),
        (BROKER, "", ("some.plugins.key", "x")),
        (METRICS, "m", ("interval.ms", "60000")),
    ],
)
@pytest.mark.parametrize("replaces", [False, True])
def test_the_store_gives_back_the_state_that_the_changes_made(
    wanted: tuple[Any, ...], replaces: bool
) -> None:
    before = [ConfigSet(GROUP, "g", SESSION, "50000"), ConfigSet(BROKER, "1", "log.roll.ms", "9")]
    state = state_of(*before)
    if replaces:
        wanted = (*wanted[:2], *((one[0], one[1] or "60000") for one in wanted[2:]))
    (decided,) = decide_alter_configs(state, [changes_of(*wanted, replaces=replaces)])
    assert decided.error is None
    of_topics = [one for one in decided.changes if isinstance(one, topics.TopicChange)]
    of_others = [one for one in decided.changes if isinstance(one, configs.ConfigChange)]
    state.topics.apply(of_topics)
    state.dynamic.apply(of_others)
    store = Store(None)
    store.apply([*MADE, *before])
    store.apply(decided.changes)  # type: ignore[arg-type]
    store.commit()
    loaded = DynamicConfigs(configs.load(store))
    assert Topics(topics.load(store)).by_name["t"].configs == state.topics.by_name["t"].configs
    for kind in ResourceType:
        assert sorted(loaded.names(kind)) == sorted(state.dynamic.names(kind))
        for name in loaded.names(kind):
            assert loaded.of(kind, name) == state.dynamic.of(kind, name)
    store.close()
