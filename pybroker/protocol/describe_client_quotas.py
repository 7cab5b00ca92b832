"""DescribeClientQuotas (API key 48), versions 0-1."""

from pybroker.protocol.declare import (
    EMPTY,
    Bool,
    Float64,
    Int8,
    Int16,
    Int32,
    NullableString,
    Request,
    Response,
    String,
    Struct,
)


class DescribeClientQuotasRequest(Request, key=48, versions="0-1", flexible="1+"):
    """DescribeClientQuotasRequest.

    Versions:
      * 1: flexible
    """

    components: list["DescribeClientQuotasRequest.ComponentData"] = EMPTY
    strict: Bool = False

    class ComponentData(Struct):
        """ComponentData."""

        entity_type: String = ""
        match_type: Int8 = 0
        match: NullableString = ""


class DescribeClientQuotasResponse(Response, key=48, versions="0-1", flexible="1+"):
    """DescribeClientQuotasResponse.

    Versions:
      * 1: flexible
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    entries: list["DescribeClientQuotasResponse.EntryData"] | None = EMPTY

    class EntryData(Struct):
        """EntryData."""

        entity: list["DescribeClientQuotasResponse.EntityData"] = EMPTY
        values: list["DescribeClientQuotasResponse.ValueData"] = EMPTY

    class EntityData(Struct):
        """EntityData."""

        entity_type: String = ""
        entity_name: NullableString = ""

    class ValueData(Struct):
        """ValueData."""

        key: String = ""
        value: Float64 = 0.0
