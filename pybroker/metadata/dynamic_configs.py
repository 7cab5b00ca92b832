"""The configs that were changed at run time, of all resources but topics, which have their own.

Live handling and recovery run the same `DynamicConfigs.apply`.
"""

from typing import TYPE_CHECKING, Final

from pybroker.store.configs import ConfigRemoved, ConfigSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pybroker.configs.resources import ResourceType
    from pybroker.store.configs import ConfigChange

NOTHING: Final["Mapping[str, str]"] = {}


class DynamicConfigs:
    """Texts by resource and key. A resource without any is not there."""

    def __init__(self, changes: "Iterable[ConfigChange]" = ()) -> None:
        self._by_resource: dict[tuple[int, str], dict[str, str]] = {}
        self.apply(changes)

    def of(self, resource_type: "ResourceType", resource_name: str) -> "Mapping[str, str]":
        """Give the configs of a resource."""
        return self._by_resource.get((resource_type, resource_name), NOTHING)

    def names(self, resource_type: "ResourceType") -> list[str]:
        """Give the resources of a type that have configs."""
        return [name for kind, name in self._by_resource if kind == resource_type]

    def apply(self, changes: "Iterable[ConfigChange]") -> None:
        """Take over changes that are in the store, or come from it."""
        for change in changes:
            key = (change.resource_type, change.resource_name)
            match change:
                case ConfigSet():
                    self._by_resource.setdefault(key, {})[change.name] = change.value
                case ConfigRemoved():
                    configs = self._by_resource.get(key, {})
                    configs.pop(change.name, None)
                    if not configs:
                        self._by_resource.pop(key, None)
