"""DescribeClientQuotas (API key 48), versions 0-1.

The quotas of users, client ids and addresses.
"""

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
    """Asks for quotas by the parts of their entity.

    Versions:
      * 1: flexible
    """

    components: list["DescribeClientQuotasRequest.ComponentData"] = EMPTY
    # Only entities that have no other parts than those named.
    strict: Bool = False

    class ComponentData(Struct):
        """What one part of an entity must be."""

        # "user", "client-id" or "ip".
        entity_type: String = ""
        # 0 exactly `match`, 1 the default entity, 2 any name.
        match_type: Int8 = 0
        match: NullableString = ""


class DescribeClientQuotasResponse(Response, key=48, versions="0-1", flexible="1+"):
    """The quotas that match.

    Versions:
      * 1: flexible
    """

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: NullableString = None
    entries: list["DescribeClientQuotasResponse.EntryData"] | None = EMPTY

    class EntryData(Struct):
        """The quotas of one entity."""

        entity: list["DescribeClientQuotasResponse.EntityData"] = EMPTY
        values: list["DescribeClientQuotasResponse.ValueData"] = EMPTY

    class EntityData(Struct):
        """A part of the entity."""

        entity_type: String = ""
        # None for the default.
        entity_name: NullableString = ""

    class ValueData(Struct):
        """One quota, such as `producer_byte_rate`."""

        key: String = ""
        value: Float64 = 0.0
