"""What consumers tell the leader of their classic group, as bytes."""

from pybroker.protocol.consumer_protocol import ConsumerProtocolSubscription, encode_versioned


def subscription(*topics: str, version: int = 3) -> bytes:
    """Metadata of a member that reads these topics."""
    return encode_versioned(ConsumerProtocolSubscription(topics=list(topics)), version)
