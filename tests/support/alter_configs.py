"""Alter and describe configs over the wire."""

from typing import Any, Final

from pybroker.errors import ErrorCode
from pybroker.protocol.alter_configs import AlterConfigsRequest
from pybroker.protocol.describe_configs import DescribeConfigsRequest
from pybroker.protocol.incremental_alter_configs import IncrementalAlterConfigsRequest
from tests.support.raw_client import RawClient

TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP = 2, 4, 8, 16, 32
SET, DELETE, APPEND, SUBTRACT = range(4)
OK: Final = (ErrorCode.NONE, None)

Outcome = tuple[int, str | None]
Change = tuple[str, str | None] | tuple[str, str | None, int]


def alter_all(
    client: RawClient,
    *resources: tuple[int, str, list[Change]],
    version: int = 1,
    validate_only: bool = False,
) -> list[Outcome]:
    """Change single configs; a change is (name, value) or (name, value, operation)."""
    request = IncrementalAlterConfigsRequest(
        resources=[
            IncrementalAlterConfigsRequest.AlterConfigsResource(
                resource_type=kind,
                resource_name=name,
                configs=[
                    IncrementalAlterConfigsRequest.AlterableConfig(
                        name=change[0],
                        value=change[1],
                        config_operation=change[2] if len(change) > 2 else SET,
                    )
                    for change in changes
                ],
            )
            for kind, name, changes in resources
        ],
        validate_only=validate_only,
    )
    responses = client.ask(request, version).responses
    named = [(kind, name) for kind, name, _ in resources]
    assert [(one.resource_type, one.resource_name) for one in responses] == named
    return [(one.error_code, one.error_message) for one in responses]


def alter(client: RawClient, kind: int, name: str, *changes: Change, **flags: Any) -> Outcome:
    """Change single configs of one resource."""
    (outcome,) = alter_all(client, (kind, name, list(changes)), **flags)
    return outcome


def replace(
    client: RawClient,
    kind: int,
    name: str,
    configs: dict[str, str | None],
    *,
    version: int = 2,
    validate_only: bool = False,
) -> Outcome:
    """Replace all configs of one resource."""
    resource = AlterConfigsRequest.AlterConfigsResource(
        resource_type=kind,
        resource_name=name,
        configs=[
            AlterConfigsRequest.AlterableConfig(name=key, value=value)
            for key, value in configs.items()
        ],
    )
    request = AlterConfigsRequest(resources=[resource], validate_only=validate_only)
    (one,) = client.ask(request, version).responses
    assert (one.resource_type, one.resource_name) == (kind, name)
    return one.error_code, one.error_message


def described(client: RawClient, kind: int, name: str) -> dict[str, Any]:
    """Describe all configs of a resource, by name."""
    resource = DescribeConfigsRequest.DescribeConfigsResource(
        resource_type=kind, resource_name=name, configuration_keys=None
    )
    request = DescribeConfigsRequest(resources=[resource], include_synonyms=True)
    (result,) = client.ask(request, 4).results
    assert result.error_code == ErrorCode.NONE, result
    return {config.name: config for config in result.configs}


def values(client: RawClient, kind: int, name: str, *keys: str) -> tuple[str | None, ...]:
    """Give the values of configs as they are described."""
    found = described(client, kind, name)
    return tuple(found[key].value for key in keys)
