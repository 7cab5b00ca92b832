"""The kinds of resources that have configs, with the numbers that the protocol gives them."""

from enum import IntEnum


class ResourceType(IntEnum):
    """What DescribeConfigs, AlterConfigs and ListConfigResources may name."""

    TOPIC = 2
    BROKER = 4
    BROKER_LOGGER = 8
    CLIENT_METRICS = 16
    GROUP = 32


EVERY_BROKER = ""
"""The name of the resource whose configs all nodes have that have none of their own."""
