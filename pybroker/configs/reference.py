"""The reference page of configs, written from the rows: `python -m pybroker.configs.reference`.

Promises:
  * `docs/configuration.md` is this module's output; a test holds it to that.
"""

# ruff: noqa: E501 - The page has wider lines than the code.

import sys
from collections.abc import Iterable, Iterator
from typing import Final

from pybroker.configs.group_keys import GROUP_CONFIG_ROWS
from pybroker.configs.keys import BROKER_CONFIG_ROWS, ConfigKey
from pybroker.configs.topic_keys import TOPIC_CONFIG_ROWS

HEAD: Final = """\
# Configuration

<!-- Written by `python -m pybroker.configs.reference` from the rows in pybroker/configs/. -->

Configs have Apache Kafka's names, types and meanings. They come from, each winning over the one before it:

1. the defaults below;
2. a `server.properties` given with `--config`;
3. the environment, as in Kafka's container images: `KAFKA_NUM_PARTITIONS` is `num.partitions`, with `_` for a dot, `__`
   for an underscore and `___` for a hyphen;
4. `--set key=value`;
5. the other options: `--port` moves the first listener, `--data-dir` sets `log.dirs`, `--brokers` sets
   `pybroker.brokers`.

Where the tables say so, a config can also be changed while the broker runs, with Kafka's tools (`kafka-configs`) or an
admin client. A node obeys, the strongest first: what was changed for it, what was changed for all nodes, what it was told
at the start, the default. What was changed is kept over restarts and wins over the places above; deleting it brings them
back. Several nodes in one process have one cleaner and one set of limits: those of the first node.

A key that nobody knows is told and ignored, and so are keys of Kafka that have no meaning here (controllers, JVM,
ZooKeeper). A bad value stops the start and names the key, the value and what is allowed.
"""

BROKER_HEAD: Final = "\n## Broker configs\n"
TOPIC_HEAD: Final = """
## Topic configs

Set with CreateTopics and changed at any time; open logs obey at once. A topic without one of its own has the value of the
broker config beside it.
"""
GROUP_HEAD: Final = """
## Group configs

Changed at any time, for groups that exist and for those that do not yet; they hold from the next heartbeat or assignment. A
group without one of its own has the value of the broker config beside it, and its own is kept to the broker's limits.
"""
GROUP_KEPT_HEAD: Final = """
### Checked and kept, without effect

Those of share groups and streams groups, which pybroker has not, so that what sets groups up for a Kafka need not be
changed.
"""
LOGGERS: Final = """
## Loggers and client metrics

Levels of loggers (`--broker-logger`) are those of Kafka: TRACE, DEBUG, INFO, WARN, ERROR, FATAL. `root` is the logger
above all of pybroker's. A level lasts until the process ends.

Subscriptions of client metrics (`--client-metrics`) are checked, kept and listed as in a Kafka without a plugin that takes
metrics: no client is asked for any.
"""
KEPT_HEAD: Final = """
### Checked and kept, without effect

These can be set as in Kafka, and a value outside its range is refused. They change nothing yet, so DescribeConfigs
lists them only where they were set.
"""


def reference_page() -> str:
    """Write the page."""
    return "\n".join(
        (
            HEAD,
            BROKER_HEAD.strip("\n"),
            "",
            *_broker_table(),
            KEPT_HEAD,
            *_table(BROKER_CONFIG_ROWS, "Default", acts=False),
            TOPIC_HEAD,
            *_table(TOPIC_CONFIG_ROWS, "Broker config", acts=True),
            KEPT_HEAD,
            *_table(TOPIC_CONFIG_ROWS, "Broker config", acts=False),
            GROUP_HEAD,
            *_table(GROUP_CONFIG_ROWS, "Broker config", acts=True),
            GROUP_KEPT_HEAD,
            *_table(GROUP_CONFIG_ROWS, "Broker config", acts=False),
            LOGGERS,
        )
    )


def _broker_table() -> Iterator[str]:
    yield "| Key | Type | Default | Allowed | Changed | Meaning |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for row in sorted(BROKER_CONFIG_ROWS, key=lambda row: row.name):
        if row.acts:
            allowed = row.check.words if row.check else ""
            changed = "at run time" if row.dynamic else ""
            yield f"| `{row.name}` | {row.type.name} | {_origin(row)} | {allowed} | {changed} | {row.documentation} |"


def _table(rows: Iterable[ConfigKey], origin: str, *, acts: bool) -> Iterator[str]:
    yield f"| Key | Type | {origin} | Allowed | Meaning |"
    yield "| --- | --- | --- | --- | --- |"
    for row in sorted(rows, key=lambda row: row.name):
        if row.acts is acts:
            allowed = row.check.words if row.check else ""
            yield f"| `{row.name}` | {row.type.name} | {_origin(row)} | {allowed} | {row.documentation} |"


def _origin(row: ConfigKey) -> str:
    if row.synonyms:
        return ", ".join(f"`{synonym.name}`" for synonym in row.synonyms)
    if callable(row.default):
        return (row.default.__doc__ or "").rstrip(".")
    if row.default is None:
        return "not set"
    return f"`{row.default}`" if row.default else "empty"


if __name__ == "__main__":
    sys.stdout.write(reference_page())
