"""The configs of a subscription of client metrics (KIP-714), checked as Apache Kafka does.

Without a plugin that takes metrics, a broker asks no client for any: as in Kafka, subscriptions are
kept, described and listed, and that is all.
"""

import re
from collections.abc import Mapping
from typing import Final

from pybroker.configs.keys import INT, LIST, ConfigKey
from pybroker.configs.values import ConfigError
from pybroker.errors import ErrorCode, KafkaError

LEAST_INTERVAL_MS: Final = 100
MOST_INTERVAL_MS: Final = 3_600_000

CLIENT_METRICS_ROWS: Final = (
    ConfigKey("interval.ms", INT, "300000", "Time between two reports of a client.", dynamic=True),
    ConfigKey("match", LIST, "", "Which clients report, as label=pattern.", dynamic=True),
    ConfigKey("metrics", LIST, "", "Prefixes of the metrics that clients report.", dynamic=True),
)
CLIENT_METRICS_KEYS: Final = {row.name: row for row in CLIENT_METRICS_ROWS}

MATCHED: Final = frozenset(
    (
        "client_id",
        "client_instance_id",
        "client_software_name",
        "client_software_version",
        "client_source_address",
        "client_source_port",
    )
)


def validate_client_metrics(overrides: Mapping[str, str]) -> None:
    """Refuse what a subscription cannot have."""
    for name in overrides:
        if name not in CLIENT_METRICS_KEYS:
            message = f"Unknown client metrics configuration: {name}"
            raise KafkaError(ErrorCode.INVALID_REQUEST, message)
    try:
        values = {name: CLIENT_METRICS_KEYS[name].parse(text) for name, text in overrides.items()}
    except ConfigError as error:
        raise KafkaError(ErrorCode.INVALID_CONFIG, str(error)) from None
    interval_ms = values.get("interval.ms", LEAST_INTERVAL_MS)
    assert isinstance(interval_ms, int)
    if not LEAST_INTERVAL_MS <= interval_ms <= MOST_INTERVAL_MS:
        raise KafkaError(
            ErrorCode.INVALID_REQUEST,
            f"Invalid value {interval_ms} for interval.ms, interval must be between"
            f" {LEAST_INTERVAL_MS} and {MOST_INTERVAL_MS} (1 hour)",
        )
    patterns = values.get("match", ())
    assert isinstance(patterns, tuple)
    for pattern in patterns:
        if not _is_pattern(pattern):
            message = f"Illegal client matching pattern: {pattern}"
            raise KafkaError(ErrorCode.INVALID_CONFIG, message)


def _is_pattern(text: str) -> bool:
    label, equals, pattern = text.partition("=")
    if not equals or label.strip() not in MATCHED:
        return False
    try:
        re.compile(pattern.strip())
    except re.error:
        return False
    return True
