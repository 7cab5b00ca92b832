"""UnregisterBroker (API key 64), version 0."""

from pybroker.protocol.declare import BrokerId, Int16, Int32, NullableString, Request, Response


class UnregisterBrokerRequest(Request, key=64, versions="0", flexible="0+"):
    """UnregisterBrokerRequest."""

    broker_id: BrokerId = 0


class UnregisterBrokerResponse(Response, key=64, versions="0", flexible="0+"):
    """UnregisterBrokerResponse."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
