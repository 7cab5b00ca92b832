"""Configs: what can be set, where a value came from, and what it means.

Promises:
  * One row per key (`keys.CONFIG_KEYS`, `topic_keys.TOPIC_CONFIG_KEYS`); validation,
    DescribeConfigs and `docs/configuration.md` read the same row.
  * Defaults < server.properties < environment < `--set` < the other flags of the command line.
  * A bad value is a `ConfigError` that names key, value and what is allowed, in Kafka's words.
"""

from pybroker.configs.config import Config
from pybroker.configs.listeners import Listener
from pybroker.configs.loading import Loaded, load_config
from pybroker.configs.topic_config import LogSettings, TopicConfig, validate_topic_configs
from pybroker.configs.values import ConfigError

__all__ = [
    "Config",
    "ConfigError",
    "Listener",
    "Loaded",
    "LogSettings",
    "TopicConfig",
    "load_config",
    "validate_topic_configs",
]
