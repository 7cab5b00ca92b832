"""What the codec costs: Heartbeat, read and written, and a Metadata answer of 1,000 partitions.

Run with `python -m benchmarks.codec`. Each figure is the best of several rounds, in microseconds
of CPU time, and includes the look-up of the codec.
"""

from collections.abc import Callable
from time import process_time
from timeit import repeat

from pybroker.protocol.codec import decode, encode
from pybroker.protocol.heartbeat import HeartbeatRequest, HeartbeatResponse
from pybroker.protocol.metadata import MetadataResponse

ROUNDS = 7
TOPICS, PARTITIONS_PER_TOPIC, BROKERS = 10, 100, 3


def microseconds(call: Callable[[], object], calls: int) -> float:
    rounds = repeat(call, number=calls, repeat=ROUNDS, timer=process_time)
    return min(rounds) / calls * 1e6


def heartbeat(version: int) -> float:
    request = HeartbeatRequest(
        group_id="payments", generation_id=7, member_id="consumer-1-2f1c9a0e-6f0b"
    )
    body, response = encode(request, version), HeartbeatResponse()

    def answer() -> None:
        decode(HeartbeatRequest, version, body)
        encode(response, version)

    return microseconds(answer, 20_000)


def metadata_answer() -> MetadataResponse:
    brokers = [
        MetadataResponse.Broker(node_id=node_id, host="localhost", port=9092 + node_id)
        for node_id in range(BROKERS)
    ]
    topics = [
        MetadataResponse.Topic(
            name=f"topic-{topic}",
            topic_id=topic.to_bytes(16, "big"),
            partitions=[
                MetadataResponse.Partition(
                    partition_index=partition,
                    leader_id=partition % BROKERS,
                    leader_epoch=1,
                    replica_nodes=list(range(BROKERS)),
                    isr_nodes=list(range(BROKERS)),
                )
                for partition in range(PARTITIONS_PER_TOPIC)
            ],
        )
        for topic in range(TOPICS)
    ]
    return MetadataResponse(brokers=brokers, cluster_id="cluster", topics=topics)


def main() -> None:
    print(f"Heartbeat v4, decode and encode: {heartbeat(4):8.2f} us (goal: 2)")
    answer = metadata_answer()
    written = microseconds(lambda: encode(answer, 13), 50)
    print(f"Metadata v13, 1,000 partitions, encode: {written:8.1f} us (goal: 1000)")
    body = encode(answer, 13)
    read = microseconds(lambda: decode(MetadataResponse, 13, body), 50)
    print(f"Metadata v13, 1,000 partitions, decode: {read:8.1f} us")


if __name__ == "__main__":
    main()
