"""Produces records with random keys with confluent-kafka; the last one begins a segment."""

import json
import random
import sys
import time
from typing import Any, Final

from benchmarks.clients.producing import EagerProducer

KEY_BYTES: Final = 20


def main(arguments: dict[str, Any]) -> dict[str, float]:
    """Produce `records` with `keys` keys, or one that is `ahead_ms` ahead of now."""
    value_bytes = arguments["record_bytes"] - KEY_BYTES
    producer = EagerProducer(arguments["bootstrap_servers"], arguments["topic"], value_bytes, {})
    at_ms = int(time.time() * 1000) + arguments["ahead_ms"]
    records, keys = arguments["records"], arguments["keys"]
    chance = random.Random(1)
    chosen = (b"%0*d" % (KEY_BYTES, chance.randrange(keys)) for _ in range(records))
    producer.produce(range(records), chosen, timestamp=at_ms)
    producer.flush()
    return {}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
