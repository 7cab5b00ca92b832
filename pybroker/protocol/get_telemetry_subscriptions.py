"""GetTelemetrySubscriptions (API key 71), version 0.

Which metrics a client shall push (KIP-714).
"""

from pybroker.protocol.declare import (
    EMPTY,
    ZERO_UUID,
    Bool,
    Int8,
    Int16,
    Int32,
    Request,
    Response,
    String,
    Uuid,
)


class GetTelemetrySubscriptionsRequest(Request, key=71, versions="0", flexible="0+"):
    """Asks for the client's subscription."""

    # Zero on the first request; the answer has one.
    client_instance_id: Uuid = ZERO_UUID


class GetTelemetrySubscriptionsResponse(Response, key=71, versions="0", flexible="0+"):
    """The metrics wanted, and how to push them."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    client_instance_id: Uuid = ZERO_UUID
    subscription_id: Int32 = 0
    # In the order of preference.
    accepted_compression_types: list[Int8] = EMPTY
    push_interval_ms: Int32 = 0
    telemetry_max_bytes: Int32 = 0
    # Push differences, not totals.
    delta_temporality: Bool = False
    # Prefixes of names; empty for none, one empty string for all.
    requested_metrics: list[String] = EMPTY
