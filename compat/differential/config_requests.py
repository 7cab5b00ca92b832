"""Requests that alter and describe configs, for the conversations about them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from compat.differential.conversation import Answer, Ask, ask, settled

TOPIC: Final = 2
BROKER: Final = 4
BROKER_LOGGER: Final = 8
CLIENT_METRICS: Final = 16
GROUP: Final = 32
EVERY_BROKER: Final = ""

Change = dict[str, Any]


def sets(name: str, value: str | None) -> Change:
    """Give a config a value."""
    return {"name": name, "config_operation": 0, "value": value}


def deletes(name: str, value: str | None = None) -> Change:
    """Take a config's value away."""
    return {"name": name, "config_operation": 1, "value": value}


def appends(name: str, value: str | None) -> Change:
    """Add items to a list."""
    return {"name": name, "config_operation": 2, "value": value}


def subtracts(name: str, value: str | None) -> Change:
    """Take items from a list."""
    return {"name": name, "config_operation": 3, "value": value}


def resource(resource_type: int, name: str, *changes: Change) -> dict[str, Any]:
    """One resource of an alteration."""
    return {"resource_type": resource_type, "resource_name": name, "configs": list(changes)}


def alters(
    resource_type: int, name: str, *changes: Change, version: int = 1, **steering: Any
) -> Ask:
    """Change single configs of one resource."""
    return alters_all(resource(resource_type, name, *changes), version=version, **steering)


def alters_all(*resources: dict[str, Any], version: int = 1, **steering: Any) -> Ask:
    """Change single configs of several resources."""
    return ask("incremental_alter_configs", version, resources=list(resources), **steering)


def replaces(
    resource_type: int,
    name: str,
    configs: Mapping[str, str | None],
    *,
    version: int = 2,
    **steering: Any,
) -> Ask:
    """Replace all configs of one resource."""
    entries = [{"name": key, "value": value} for key, value in configs.items()]
    return ask(
        "alter_configs", version, resources=[resource(resource_type, name, *entries)], **steering
    )


def describes(
    resource_type: int, name: str, keys: Sequence[str] | None = None, **steering: Any
) -> Ask:
    """Describe configs with their synonyms."""
    asked = {
        "resource_type": resource_type,
        "resource_name": name,
        "configuration_keys": None if keys is None else list(keys),
    }
    fields: dict[str, Any] = {"include_synonyms": True, **steering}
    return ask("describe_configs", 4, resources=[asked], **fields)


def until_shown(resource_type: int, name: str, **steering: Any) -> Callable[..., Ask]:
    """Describe configs as soon as they have the values that the keywords of the result say."""

    def build(configs: Mapping[str, str | None], *others: str) -> Ask:
        return describes(
            resource_type, name, [*configs, *others], until_=has_configs(configs), **steering
        )

    return build


def has_configs(configs: Mapping[str, str | None]) -> Callable[[Answer], bool]:
    """Repeat a DescribeConfigs until configs have values; None stands for one that is left out."""

    def reached(answer: Answer) -> bool:
        shown = {each["name"]: each["value"] for each in answer["results"][0]["configs"]}
        return settled(answer) and all(shown.get(key) == text for key, text in configs.items())

    return reached


def has_source(source: int) -> Callable[[Answer], bool]:
    """Repeat a DescribeConfigs until every config that is shown has a source."""

    def reached(answer: Answer) -> bool:
        shown = {each["config_source"] for each in answer["results"][0]["configs"]}
        return settled(answer) and shown == {source}

    return reached
