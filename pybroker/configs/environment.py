"""Configs from the environment, by the rule of Kafka's container images.

Promises:
  * `KAFKA_NUM_PARTITIONS` is `num.partitions`: `_` stands for a dot, `__` for an underscore,
    `___` for a hyphen.
  * Names that images and shells use for other things are left alone.
"""

from collections.abc import Mapping
from typing import Final

PREFIX: Final = "KAFKA_"

# What the images' start scripts, clients' programs and service links put there; never configs of
# a broker.
OTHER_NAMES: Final = frozenset(
    (
        "KAFKA_ADDRESS",
        "KAFKA_ADVERTISED_HOST",
        "KAFKA_API_KEY",
        "KAFKA_API_SECRET",
        "KAFKA_BOOTSTRAP_SERVER",
        "KAFKA_BOOTSTRAP_SERVERS",
        "KAFKA_BROKER",
        "KAFKA_BROKERS",
        "KAFKA_BROKER_URL",
        "KAFKA_CLIENT_ID",
        "KAFKA_CLUSTER_ID",
        "KAFKA_CREATE_TOPICS",
        "KAFKA_DATA",
        "KAFKA_DEBUG",
        "KAFKA_GID",
        "KAFKA_GROUP",
        "KAFKA_GROUP_ID",
        "KAFKA_HEAP_OPTS",
        "KAFKA_HOME",
        "KAFKA_HOST",
        "KAFKA_KRAFT_CLUSTER_ID",
        "KAFKA_OPTS",
        "KAFKA_PASSWORD",
        "KAFKA_PORT",
        "KAFKA_PROXY_HEAP_OPTS",
        "KAFKA_SASL_MECHANISM",
        "KAFKA_SASL_PASSWORD",
        "KAFKA_SASL_USERNAME",
        "KAFKA_SCALA_VERSION",
        "KAFKA_SECURITY_PROTOCOL",
        "KAFKA_SERVER",
        "KAFKA_SERVERS",
        "KAFKA_TOOLS_LOG4J_LOGLEVEL",
        "KAFKA_TOPIC",
        "KAFKA_TOPICS",
        "KAFKA_UID",
        "KAFKA_URL",
        "KAFKA_USER",
        "KAFKA_USERNAME",
        "KAFKA_VERSION",
    )
)
OTHER_PREFIXES: Final = (
    "KAFKA_GC_",
    "KAFKA_JMX_",
    "KAFKA_JVM_",
    "KAFKA_LOG4J_",
    "KAFKA_PORT_",
    "KAFKA_REST_",
    "KAFKA_SERVICE_",
)


def read_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the configs that an environment holds, by key, in the order of their names."""
    return {
        _key(name): environment[name]
        for name in sorted(environment)
        if name.startswith(PREFIX)
        and len(name) > len(PREFIX)
        and name not in OTHER_NAMES
        and not name.startswith(OTHER_PREFIXES)
    }


def _key(name: str) -> str:
    dotted = name[len(PREFIX) :].lower().replace("_", ".")
    return dotted.replace("...", "-").replace("..", "_")
