"""UnregisterBroker (API key 64), version 0: forgets a broker that will not come back."""

from pybroker.protocol.declare import BrokerId, Int16, Int32, NullableString, Request, Response


class UnregisterBrokerRequest(Request, key=64, versions="0", flexible="0+"):
    """Takes a broker out of the cluster."""

    broker_id: BrokerId = 0


class UnregisterBrokerResponse(Response, key=64, versions="0", flexible="0+"):
    """Whether it was taken out."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
