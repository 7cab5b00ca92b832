"""PushTelemetry (API key 72), version 0: a client's metrics (KIP-714)."""

from pybroker.protocol.declare import (
    ZERO_UUID,
    Bool,
    Bytes,
    Int8,
    Int16,
    Int32,
    Request,
    Response,
    Uuid,
)


class PushTelemetryRequest(Request, key=72, versions="0", flexible="0+"):
    """Carries metrics in OTLP's format."""

    client_instance_id: Uuid = ZERO_UUID
    # Of the last GetTelemetrySubscriptions.
    subscription_id: Int32 = 0
    # The client's last push.
    terminating: Bool = False
    compression_type: Int8 = 0
    metrics: Bytes = b""


class PushTelemetryResponse(Response, key=72, versions="0", flexible="0+"):
    """Whether they were taken."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
