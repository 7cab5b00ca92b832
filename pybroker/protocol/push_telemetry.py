"""PushTelemetry (API key 72), version 0."""

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
    """PushTelemetryRequest."""

    client_instance_id: Uuid = ZERO_UUID
    subscription_id: Int32 = 0
    terminating: Bool = False
    compression_type: Int8 = 0
    metrics: Bytes = b""


class PushTelemetryResponse(Response, key=72, versions="0", flexible="0+"):
    """PushTelemetryResponse."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
