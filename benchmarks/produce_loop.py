"""The closed loop over Produce: one record a request, and a check of what was stored."""

from collections.abc import Mapping
from typing import Final

from benchmarks.client import create_topic, delete_topic, produce_frame, stored_records
from benchmarks.generators import finish_load, start_load
from benchmarks.measure import Amount, Figures, Scale, load_figures
from compat.process import BrokerProcess

VALUE: Final = bytes(range(100))
DURATION_S: Final = 3
DURATION_QUICK_S: Final = 1


def produce_in_a_loop(
    broker: BrokerProcess,
    scale: Scale,
    *,
    topic: str,
    partitions: int,
    connections: int,
    acks: int = 1,
    configs: Mapping[str, str] | None = None,
) -> tuple[Figures, Amount]:
    """Produce to a topic that is made for it, one request at a time on each connection."""
    create_topic(broker.port, topic, partitions, configs)
    load = start_load(
        broker.port,
        [produce_frame(topic, partition, VALUE, acks=acks) for partition in range(partitions)],
        connections=connections,
        duration_s=scale.pick(DURATION_S, DURATION_QUICK_S),
        pinned=scale.pinned,
    )
    answer = finish_load(load, "produce", 12)
    stored = stored_records(broker.port, topic, partitions)
    # What was under way when the time was up may be stored or not.
    assert answer["sent"] - connections <= stored <= answer["sent"], (stored, answer["sent"])
    delete_topic(broker.port, topic)
    return load_figures(answer)
