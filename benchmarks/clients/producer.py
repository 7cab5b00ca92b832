"""Produces random records with confluent-kafka as fast as it can, and says how long it took."""

import json
import sys
import time
from typing import Any

from benchmarks.clients.producing import EagerProducer


def main(arguments: dict[str, Any]) -> dict[str, float]:
    """Produce and give the seconds from the second record to the last acknowledgement."""
    producer = EagerProducer(
        arguments["bootstrap_servers"],
        arguments["topic"],
        arguments["record_bytes"],
        {"acks": arguments["acks"], "enable.idempotence": arguments["acks"] == "all"},
    )
    # The first record waits for connections and, if need be, for a producer id; librdkafka may
    # take half a second for that, whatever the broker does.
    producer.produce(range(1))
    producer.flush()
    start = time.monotonic()
    producer.produce(range(1, arguments["records"]))
    producer.flush()
    return {"seconds": time.monotonic() - start}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
