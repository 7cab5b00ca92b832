"""The reference page of configs, written from the rows: `python -m pybroker.configs.reference`.

Promises:
  * `docs/configuration.md` is this module's output; a test holds it to that.
"""

# ruff: noqa: E501 - The page has wider lines than the code.

import sys
from collections.abc import Iterable, Iterator
from typing import Final

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

A key that nobody knows is told and ignored, and so are keys of Kafka that have no meaning here (controllers, JVM,
ZooKeeper). A bad value stops the start and names the key, the value and what is allowed.
"""

BROKER_HEAD: Final = "\n## Broker configs\n"
TOPIC_HEAD: Final = """
## Topic configs

Set with CreateTopics. A topic without one of its own has the value of the broker config beside it.
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
            *_table(BROKER_CONFIG_ROWS, "Default", acts=True),
            KEPT_HEAD,
            *_table(BROKER_CONFIG_ROWS, "Default", acts=False),
            TOPIC_HEAD,
            *_table(TOPIC_CONFIG_ROWS, "Broker config", acts=True),
            KEPT_HEAD,
            *_table(TOPIC_CONFIG_ROWS, "Broker config", acts=False),
            "",
        )
    )


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
