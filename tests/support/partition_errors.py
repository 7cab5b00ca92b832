"""What a partition answers to those who produce, fetch and ask for offsets: the error code."""

from pybroker.protocol.fetch import FetchRequest
from pybroker.protocol.list_offsets import ListOffsetsRequest
from pybroker.protocol.produce import ProduceRequest
from tests.support.raw_client import RawClient


def produce_error(client: RawClient, topic_name: str, partition: int, batch: bytes) -> int:
    """Produce a batch, and give the error code."""
    data = ProduceRequest.PartitionProduceData(index=partition, records=batch)
    topic = ProduceRequest.TopicProduceData(name=topic_name, partition_data=[data])
    request = ProduceRequest(acks=-1, timeout_ms=1_000, topic_data=[topic])
    code: int = client.ask(request, 9).responses[0].partition_responses[0].error_code
    return code


def fetch_error(client: RawClient, topic_name: str, partition: int) -> int:
    """Fetch from the start, and give the error code."""
    wanted = FetchRequest.FetchPartition(
        partition=partition, fetch_offset=0, partition_max_bytes=1_000_000
    )
    topic = FetchRequest.FetchTopic(topic=topic_name, partitions=[wanted])
    request = FetchRequest(
        max_wait_ms=1_000, min_bytes=1, max_bytes=1_000_000, session_epoch=-1, topics=[topic]
    )
    code: int = client.ask(request, 12).responses[0].partitions[0].error_code
    return code


def list_offsets_error(client: RawClient, topic_name: str, partition: int) -> int:
    """Ask for the latest offset, and give the error code."""
    wanted = ListOffsetsRequest.ListOffsetsPartition(partition_index=partition, timestamp=-1)
    topic = ListOffsetsRequest.ListOffsetsTopic(name=topic_name, partitions=[wanted])
    request = ListOffsetsRequest(replica_id=-1, topics=[topic])
    code: int = client.ask(request, 6).topics[0].partitions[0].error_code
    return code
