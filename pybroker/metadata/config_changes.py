"""Alterations of configs carried out: stored, taken over, then obeyed by what is open.

Promises:
  * The state changes before anything waits: no request sees half of another's changes.
  * When `carry_out` returns, open logs obey and the next request of any client sees the change.
"""

from typing import TYPE_CHECKING, TypedDict

from pybroker.configs.broker_config import without_effect
from pybroker.configs.resources import ResourceType
from pybroker.errors import ErrorCode
from pybroker.metadata.carry_out import obey
from pybroker.metadata.decisions.alter_configs import (
    ConfigState,
    LevelSet,
    decide_alter_configs,
)
from pybroker.observability import levels
from pybroker.store.configs import ConfigRemoved, ConfigSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pybroker.broker import Broker
    from pybroker.metadata.decisions.alter_configs import AlteredResource, Change
    from pybroker.store.configs import ConfigChange
    from pybroker.store.topics import TopicChange


class Outcome(TypedDict):
    """What became of a resource, by the names of the responses' fields."""

    error_code: int
    error_message: str | None
    resource_type: int
    resource_name: str


async def alter(
    broker: "Broker", resources: "Sequence[AlteredResource]", *, node_id: int, validate_only: bool
) -> list[Outcome]:
    """Alter every resource that can be altered, and tell what became of each."""
    state = ConfigState(
        topics=broker.topics,
        dynamic=broker.dynamic_configs,
        config=broker.config_of(node_id),
        node_id=node_id,
        loggers=levels.levels(),
        levels=tuple(levels.LEVELS),
    )
    decided = decide_alter_configs(state, resources)
    if not validate_only:
        await carry_out(broker, [change for each in decided for change in each.changes])
    return [
        Outcome(
            error_code=ErrorCode.NONE if each.error is None else each.error.code,
            error_message=None if each.error is None else each.error.message,
            resource_type=resource.resource_type,
            resource_name=resource.resource_name,
        )
        for resource, each in zip(resources, decided, strict=True)
    ]


async def carry_out(broker: "Broker", changes: "Sequence[Change]") -> None:
    """Bring changes of configs about."""
    if not changes:
        return
    of_topics: list[TopicChange] = []
    of_others: list[ConfigChange] = []
    of_loggers: list[LevelSet] = []
    for change in changes:
        if isinstance(change, LevelSet):
            of_loggers.append(change)
        elif isinstance(change, ConfigSet | ConfigRemoved):
            of_others.append(change)
        else:
            of_topics.append(change)
    broker.store.apply([*of_topics, *of_others])
    broker.store.commit()
    broker.topics.apply(of_topics)
    broker.dynamic_configs.apply(of_others)
    changed = {change.topic_id: broker.topics.by_id[change.topic_id] for change in of_topics}
    if any(change.resource_type == ResourceType.BROKER for change in of_others):
        _tell(broker, of_others)
        if broker.obey_configs():
            changed = dict(broker.topics.by_id)
    for name, level in of_loggers:
        levels.set_level(name, level)
    broker.data_plane.advance_epoch()
    await obey(broker, changed.values())


def _tell(broker: "Broker", changes: "Iterable[ConfigChange]") -> None:
    """Say which configs of brokers were taken that have no effect."""
    names = [
        change.name
        for change in changes
        if isinstance(change, ConfigSet) and change.resource_type == ResourceType.BROKER
    ]
    for name in without_effect(names):
        broker.config_without_effect(name)
